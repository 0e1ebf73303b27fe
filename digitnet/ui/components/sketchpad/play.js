const DEMO = 2; // the number of the example that draws itself first
const PLAYING_TIME = 900; // milliseconds in which an example is drawn

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function stopPlaying() {
  cancelAnimationFrame(playing);
  playing = 0;
  if (!isDemo) return;
  isDemo = false;
  state = EMPTY;
  changed();
}

// Draw `drawing` as a hand would, in its own time; Undo takes a stroke at a time.
function play(drawing) {
  discard();
  stopPlaying();
  commit(EMPTY);
  animate(drawing);
}

function animate(drawing) {
  const length = drawing.flat().length;
  const still = isStill();
  const started = performance.now();
  let whole = 0; // strokes that are in the history
  const frame = (now) => {
    const share = still ? 1 : Math.min((now - started) / PLAYING_TIME, 1);
    let left = Math.max(1, Math.round(share * length));
    const strokes = [];
    for (const stroke of drawing) {
      if (left <= 0) break;
      strokes.push(stroke.slice(0, left));
      left -= stroke.length;
    }
    while (!isDemo && whole < strokes.length - 1) {
      past.push({ strokes: drawing.slice(0, ++whole), image: null });
    }
    state = { strokes, image: null };
    playing = share < 1 ? requestAnimationFrame(frame) : 0;
    changed();
  };
  playing = requestAnimationFrame(frame);
}

const examples = [...element.querySelectorAll(".example")].map((button) => {
  const drawing = [...button.querySelectorAll("polyline")].map((polyline) =>
    [...polyline.points].map(({ x, y }) => [x, y]),
  );
  button.addEventListener("click", () => play(drawing));
  return drawing;
});

// A visitor who comes to an empty page sees how it works: an example draws itself, and is gone at
// the first touch.
listen(window, "digitnet:ready", () => {
  if (keptAtStart || pen || past.length > 0 || !isEmpty(state) || isStill()) return;
  isDemo = true;
  animate(examples[DEMO]);
});
