// While the pen is down, the networks in the browser answer: the data that the server would send.

const STAGE_SIZE = 28; // pixels
let engine = null; // digitnet/ui/browser/engine.js
let drawn = null; // the strokes on the sketchpad; null where an image is
let preview = null; // the data of what is drawn now; null where the server answers

async function loadEngine() {
  engine = await importEngine();
  await engine.load(props.engine.models, props.value.recipe);
}
loadEngine().catch(() => {}); // then the server answers, as for a picture

listen(window, "digitnet:drawn", (event) => {
  const { strokes, chosen } = event.detail;
  drawn = strokes;
  preview = null;
  if (!strokes) return; // an image: the server answers
  const last = props.value;
  engine?.load(props.engine.models, chosen.recipe).catch(() => {}); // for the next movement
  const isKnown = ({ model }) => engine.find(chosen.recipe, model);
  const isShown = ({ model }) => model === chosen.model; // not, if a link names another one
  if (!engine || !last.models?.some(isShown) || !last.models.every(isKnown)) return;
  event.preventDefault();
  // Too little ink for a digit, and several digits: what is shown stays until the pen is lifted.
  if (!(extentOf(strokes) >= props.canvas.min_extent)) return;
  if (chosen.geometry === "true" && areApart(strokes)) return;
  preview = { ...last, ...previewOf(strokes, chosen, last) };
  present(preview);
});

// What a network sees, for the picture of it: the image of the drawing or of the server's answer, and
// the network's values where they are computed already.
function show(image, { model, recipe }, values = null) {
  window.dispatchEvent(new CustomEvent("digitnet:seen", { detail: { image, model, recipe, values } }));
}

watch("value", async () => {
  if (preview && penDown) return present(preview); // the answer is that to an earlier stroke
  const { image, several, blank, model, recipe, number } = props.value;
  if (several || blank || !image) return show(null, props.value);
  if (preview) return; // of the same drawing
  const pixels = await pixelsOf(image);
  if (props.value.number === number) show(pixels, { model, recipe });
});

// Whether strokes lie side by side, as those of several digits do.
function areApart(strokes) {
  const spans = strokes.map((stroke) => {
    const across = stroke.map(([x]) => x);
    return [Math.min(...across), Math.max(...across)];
  });
  spans.sort(([a], [b]) => a - b);
  let end = spans[0]?.[1];
  for (const [left, right] of spans) {
    if (left > end) return true;
    end = Math.max(end, right);
  }
  return false;
}

function extentOf(strokes) {
  const sides = [0, 1].map((axis) => {
    const along = strokes.flat().map((point) => point[axis]);
    return Math.max(...along) - Math.min(...along);
  });
  return Math.max(...sides);
}

// What digitnet/ui/components/answer/__init__.py makes of a drawing of one digit.
function previewOf(strokes, chosen, last) {
  const images = engine.preprocessingStages(strokes, props.canvas.size);
  const seen = chosen.geometry === "true" ? "centred" : "squeezed";
  const stages = shownStages(images, seen);
  const predictions = {};
  const rows = last.models.map((row) => {
    const started = performance.now();
    const model = engine.find(chosen.recipe, row.model);
    const values = engine.run(model.layers, model.tensors, images[seen]);
    if (row.model === chosen.model) show(images[seen], chosen, values);
    const prediction = engine.predict(values[values.length - 1].data, model);
    predictions[row.model] = prediction;
    return {
      ...row,
      chosen: row.model === chosen.model,
      predicted: prediction.answer ?? "?",
      rejected: prediction.answer === null,
      percent: percent(prediction.probabilities[prediction.digit]),
      milliseconds: (performance.now() - started).toFixed(1),
    };
  });
  const main = predictions[chosen.model];
  const chosenModel = engine.find(chosen.recipe, chosen.model);
  for (const row of rows) row.agrees = row.predicted === (main.answer ?? "?");
  return {
    model: chosen.model,
    recipe: chosen.recipe,
    several: false,
    problem: null,
    nothing: false,
    reading: null,
    blank: false,
    rejected: main.answer === null,
    digit: main.digit,
    percent: percent(main.probabilities[main.digit]),
    bars: main.probabilities.map((share, digit) => ({
      digit,
      percent: (100 * share).toFixed(1),
      best: digit === main.answer,
    })),
    no_digit: chosenModel.threshold > 0 ? noDigit(main, chosenModel) : { guesses: true },
    device: null,
    models: rows,
    disagreement: !rows.every((row) => row.agrees),
    stages,
    image: stages.find((stage) => stage.seen).image,
  };
}

function noDigit({ score }, { threshold }) {
  return { percent: (100 * (1 - score)).toFixed(1), from: (100 * (1 - threshold)).toFixed(0) };
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

const captions = Object.fromEntries(props.value.stages.map(({ name, caption }) => [name, caption]));

// The steps in order, with those after the one that is applied.
function shownStages(images, seen) {
  const names = Object.keys(images);
  return names.map((name, number) => ({
    name,
    caption: captions[name],
    image: urlOf(images[name]),
    seen: name === seen,
    skipped: number > names.indexOf(seen),
  }));
}

const canvas = Object.assign(document.createElement("canvas"), { width: STAGE_SIZE, height: STAGE_SIZE });
const context = canvas.getContext("2d", { willReadFrequently: true });

// A BMP file with 256 greys, from top to bottom: made much faster than a PNG file is compressed.
const BMP_HEADER = 54 + 4 * 256; // bytes
const bmp = new Uint8Array(BMP_HEADER + STAGE_SIZE ** 2);
{
  const view = new DataView(bmp.buffer);
  bmp.set([0x42, 0x4d]); // "BM"
  const fields = [[2, bmp.length], [10, BMP_HEADER], [14, 40], [18, STAGE_SIZE], [22, -STAGE_SIZE]];
  for (const [at, value] of fields) view.setInt32(at, value, true);
  view.setInt16(26, 1, true); // planes
  view.setInt16(28, 8, true); // bits per pixel
  for (let grey = 0; grey < 256; grey++) bmp.fill(grey, 54 + 4 * grey, 57 + 4 * grey);
}

function urlOf(image) {
  for (let i = 0; i < image.length; i++) bmp[BMP_HEADER + i] = Math.round(255 * image[i]);
  return `data:image/bmp;base64,${btoa(String.fromCharCode(...bmp))}`;
}

async function pixelsOf(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, STAGE_SIZE, STAGE_SIZE);
  return Float32Array.from({ length: STAGE_SIZE ** 2 }, (_, i) => data[4 * i] / 255);
}
