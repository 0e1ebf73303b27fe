// From what the networks see to the picture.

const BLANK = new Float32Array(28 * 28);
let shown = { image: null, ...props.chosen };
let pending = 0;

// At most once a frame.
function updateSoon() {
  pending ||= requestAnimationFrame(update);
}

async function update() {
  pending = 0;
  let found = engine?.find(shown.recipe, shown.model);
  if (engine && !found) {
    await engine.load(props.engine.models, shown.recipe).catch(() => {});
    found = engine.find(shown.recipe, shown.model);
  }
  if (engine) element.querySelector(".network").classList.toggle("missing", !found);
  if (!found) return;
  isIdle = !shown.image;
  values = shown.values ?? engine.run(found.layers, found.tensors, shown.image ?? BLANK);
  if (found !== model) {
    model = found;
    selected = pinned = null;
    build();
  }
  render();
}

listen(window, "digitnet:seen", ({ detail: seen }) => {
  shown = seen;
  updateSoon();
});
new ResizeObserver(() => values && paintLines()).observe(box);

async function start() {
  engine = await importEngine();
  await engine.load(props.engine.models, shown.recipe).catch(() => {}); // it is tried again
  updateSoon();
  window.dispatchEvent(new Event("digitnet:ready"));
}
start().catch(() => element.querySelector(".network").classList.add("missing"));

// The model that the visitor trained or taught.
watch("value", async () => {
  if (!props.value) return;
  await engine?.add("", props.value.name, props.value);
  shown = { ...shown, values: null };
  updateSoon();
  window.dispatchEvent(new Event("digitnet:trained"));
});
