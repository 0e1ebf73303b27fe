// Pen strokes to 28x28 images with MNIST's geometry: digitnet/rendering.py and digitnet/stages.py
// in the browser. A test compares both, so numbers are rounded to 32 bits where Python's are.
export const IMAGE_SIZE = 28;
const CENTRE = IMAGE_SIZE / 2 + 0.5; // pixels, where MNIST puts the centre of mass
const BOX_SIZE = 20; // pixels, the longest side of the ink
const STROKE_WIDTH = 2.4; // pixels
const EDGE_WIDTH = 1.4; // pixels over which a stroke fades from full ink to none
const TIE = 1e-4; // pixels, which decide for symmetric drawings, half-way between two shifts
const POINT_SPACING = 0.5; // pixels; points nearer to each other are merged
const MAX_POINTS = 2000; // of a drawing, about
const REACH = STROKE_WIDTH / 2 + EDGE_WIDTH / 2; // pixels from the path, beyond which is no ink
const float = Math.fround;

// The stages of a drawing on a square canvas with coordinates 0 to `size`: an object of images
// {squeezed, cropped, fitted, centred}, Float32Array [784] each, or null where nothing is drawn.
export function preprocessingStages(strokes, size) {
  const points = strokes.flat();
  if (points.every(([x, y]) => x === points[0][0] && y === points[0][1])) return null;
  const fitted = fitIntoBox(points);
  const { kept, penDown } = pointsToFollow(fitted, strokes.map((stroke) => stroke.length));
  const enlarge = (IMAGE_SIZE - STROKE_WIDTH) / (BOX_SIZE - STROKE_WIDTH);
  const half = IMAGE_SIZE / 2;
  const clip = (at) => Math.min(Math.max(at, -size), 2 * size);
  const places = {
    squeezed: (i) => points[i].map((at) => float(clip(at) * (IMAGE_SIZE / size))),
    cropped: (i) => fitted[i].map((at) => float((at - half) * enlarge + half)),
    fitted: (i) => fitted[i],
  };
  const images = {};
  for (const [name, place] of Object.entries(places)) images[name] = render(kept.map(place), penDown);
  return { ...images, centred: centreByMass(images.fitted) };
}

function fitIntoBox(points) {
  const [low, high] = [Math.min, Math.max].map((extreme) =>
    [0, 1].map((axis) => points.reduce((found, at) => extreme(found, at[axis]), points[0][axis])),
  );
  const extent = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = (BOX_SIZE - STROKE_WIDTH) / (extent || 1);
  return points.map((at) =>
    at.map((value, axis) => {
      const fromMiddle = value - low[axis] / 2 - high[axis] / 2;
      return float(fromMiddle * scale + IMAGE_SIZE / 2);
    }),
  );
}

// The points that are sufficient to render a drawing: `kept`, their indices; `penDown`, whether ink
// joins each of them to the next.
function pointsToFollow(fitted, lengths) {
  let start = 0;
  const strokes = lengths.map((length) => fitted.slice(start, (start += length)));
  const steps = strokes.map((points) =>
    points.slice(1).map((at, i) => float(Math.hypot(...at.map((v, axis) => float(v - points[i][axis]))))),
  );
  const length = steps.flat().reduce((sum, step) => sum + step, 0);
  const spacing = Math.max(POINT_SPACING, length / MAX_POINTS);
  const [kept, penDown] = [[], []];
  let first = 0;
  for (const stroke of steps) {
    let [along, passed] = [0, 0];
    kept.push(first);
    stroke.forEach((step, i) => {
      along = float(along + step);
      const multiple = Math.floor(float(along / spacing));
      if (multiple > passed || i === stroke.length - 1) {
        kept.push(first + i + 1);
        penDown.push(true);
      }
      passed = multiple;
    });
    penDown.push(false);
    first += stroke.length + 1;
  }
  return { kept, penDown: penDown.slice(0, -1) };
}

// Anti-aliased line segments with round ends between points [x, y] in pixels.
function render(points, penDown) {
  const nearest = new Float64Array(IMAGE_SIZE ** 2).fill(Infinity); // squared distances
  points.forEach(([x, y], i) => {
    const [toX, toY] = penDown[i] ? points[i + 1] : [x, y];
    const [dx, dy] = [toX - x, toY - y];
    const squared = Math.max(dx * dx + dy * dy, 1e-12);
    const from = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - REACH - 0.5));
    const to = (a, b) => Math.min(IMAGE_SIZE - 1, Math.ceil(Math.max(a, b) + REACH - 0.5));
    for (let row = from(y, toY); row <= to(y, toY); row++) {
      for (let column = from(x, toX); column <= to(x, toX); column++) {
        const [across, down] = [column + 0.5 - x, row + 0.5 - y];
        const share = Math.min(Math.max((across * dx + down * dy) / squared, 0), 1);
        const distance = (across - share * dx) ** 2 + (down - share * dy) ** 2;
        const pixel = row * IMAGE_SIZE + column;
        if (distance < nearest[pixel]) nearest[pixel] = distance;
      }
    }
  });
  return Float32Array.from(nearest, (distance) => {
    const ink = (STROKE_WIDTH / 2 - Math.sqrt(distance)) / EDGE_WIDTH + 0.5;
    return Math.min(Math.max(ink, 0), 1);
  });
}

// Shift an image by whole pixels so that its centre of mass is nearest to CENTRE.
function centreByMass(image) {
  const [rows, columns] = [new Float64Array(IMAGE_SIZE), new Float64Array(IMAGE_SIZE)];
  image.forEach((ink, pixel) => {
    rows[Math.floor(pixel / IMAGE_SIZE)] += ink;
    columns[pixel % IMAGE_SIZE] += ink;
  });
  const [down, across] = [shift(rows), shift(columns)];
  const centred = new Float32Array(image.length);
  image.forEach((ink, pixel) => {
    if (ink) centred[pixel + down * IMAGE_SIZE + across] = ink;
  });
  return centred;
}

// The shift for ink summed along an axis; ink is never shifted out of the image.
function shift(profile) {
  let [mass, moment] = [0, 0];
  profile.forEach((ink, at) => {
    mass += ink;
    moment += ink * (at + 0.5);
  });
  if (mass === 0) return 0;
  const first = profile.findIndex((ink) => ink > 0);
  const last = profile.findLastIndex((ink) => ink > 0);
  const wanted = Math.round(CENTRE - moment / mass - TIE);
  return Math.min(Math.max(wanted, -first), IMAGE_SIZE - 1 - last);
}
