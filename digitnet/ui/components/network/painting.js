// Values to pixels. The colours are those of digitnet/ui/components/maps.py.

const FOR = [86, 180, 233];
const AGAINST = [230, 159, 0];
const FULL = 255;

// 0 or more, from black to white; proportional to the square root, so that small values are seen.
function paintStrength(canvas, values, limit) {
  paint(canvas, values, (value) => {
    const grey = FULL * Math.sqrt(Math.max(value, 0) / limit);
    return [grey, grey, grey];
  });
}

// Above 0 in one colour, below in the other; proportional to the square root too.
function paintSigned(canvas, values, limit) {
  paint(canvas, values, (value) => {
    const share = Math.sqrt(Math.min(Math.abs(value) / limit, 1));
    return (value > 0 ? FOR : AGAINST).map((part) => share * part);
  });
}

function paint(canvas, values, colourOf) {
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => pixels.data.set([...colourOf(value), FULL], 4 * i));
  context.putImageData(pixels, 0, 0);
}

const largest = (values) => values.reduce((found, value) => Math.max(found, Math.abs(value)), 0) || 1;

const colourOf = (value) => `rgb(${(value > 0 ? FOR : AGAINST).join(" ")})`;
