// Values to pixels. The colours are those of digitnet/ui/components/maps.py.

const FOR = [86, 180, 233];
const AGAINST = [230, 159, 0];

// 0 or more, from black to white; proportional to the square root, so that small values are seen.
function paintStrength(canvas, values, limit) {
  const pixels = pixelsOf(canvas);
  for (let i = 0; i < values.length; i++) {
    const grey = values[i] > 0 ? 255 * Math.sqrt(values[i] / limit) : 0;
    pixels.data[4 * i] = pixels.data[4 * i + 1] = pixels.data[4 * i + 2] = grey;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

// Above 0 in one colour, below in the other; proportional to the square root too.
function paintSigned(canvas, values, limit) {
  const pixels = pixelsOf(canvas);
  for (let i = 0; i < values.length; i++) {
    const share = Math.sqrt(Math.min(Math.abs(values[i]) / limit, 1));
    const colour = values[i] > 0 ? FOR : AGAINST;
    for (let part = 0; part < 3; part++) pixels.data[4 * i + part] = share * colour[part];
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

const allPixels = new WeakMap(); // by canvas: black, without transparency

function pixelsOf(canvas) {
  if (!allPixels.has(canvas)) {
    const pixels = canvas.getContext("2d").createImageData(canvas.width, canvas.height);
    for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
    allPixels.set(canvas, pixels);
  }
  return allPixels.get(canvas);
}

function largest(values) {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]));
  return found || 1;
}

const colourOf = (value) => `rgb(${(value > 0 ? FOR : AGAINST).join(" ")})`;
