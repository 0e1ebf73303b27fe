// A network's layers, run one by one, as PyTorch runs them. Every value is kept.
//
// A layer is {kind, ...}, as digitnet/ui/browser/__init__.py describes it; values are {shape, data},
// of one image, without the batch.

const KINDS = { conv: convolve, relu, pool, flatten, linear };

// The values after each layer, the image's own first; the last one holds the logits.
export function run(layers, tensors, image) {
  const values = [{ shape: [1, 28, 28], data: image }];
  layers.forEach((layer, number) => {
    const weight = tensors[`layers.${number}.weight`];
    const bias = tensors[`layers.${number}.bias`];
    values.push(KINDS[layer.kind](values[values.length - 1], layer, weight, bias));
  });
  return values;
}

// Stride 1. The input is padded first, so that the innermost loop needs no bounds; it leaves out what
// is 0 at both ends of a row, which most of an image is.
function convolve({ shape: [channels, height, width], data }, { padding }, weight, bias) {
  const [outputs, , rows, columns] = weight.shape;
  const [tall, wide] = [height + 2 * padding, width + 2 * padding];
  const padded = new Float32Array(channels * tall * wide);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < height; row++) {
      const start = (channel * height + row) * width;
      const line = data.subarray(start, start + width);
      padded.set(line, (channel * tall + row + padding) * wide + padding);
    }
  }
  const [starts, ends] = inkOfRows(padded, wide);
  const [high, broad] = [tall - rows + 1, wide - columns + 1];
  const result = new Float32Array(outputs * high * broad);
  for (let output = 0; output < outputs; output++) {
    const plane = result.subarray(output * high * broad, (output + 1) * high * broad);
    plane.fill(bias.data[output]);
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const factor = weight.data[((output * channels + channel) * rows + y) * columns + x];
          for (let row = 0; row < high; row++) {
            const source = channel * tall + row + y;
            const first = Math.max(starts[source] - x, 0);
            const end = row * broad + Math.min(ends[source] - x, broad);
            let from = source * wide + x + first;
            for (let at = row * broad + first; at < end; at++) plane[at] += factor * padded[from++];
          }
        }
      }
    }
  }
  return { shape: [outputs, high, broad], data: result };
}

// From which column to before which one each row has values other than 0.
function inkOfRows(values, width) {
  const starts = new Int32Array(values.length / width).fill(width);
  const ends = new Int32Array(values.length / width);
  for (let row = 0; row < starts.length; row++) {
    for (let column = 0; column < width; column++) {
      if (values[row * width + column] === 0) continue;
      if (starts[row] > column) starts[row] = column;
      ends[row] = column + 1;
    }
  }
  return [starts, ends];
}

function relu({ shape, data }) {
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = data[i] > 0 ? data[i] : 0;
  return { shape, data: result };
}

// The maximum of squares that do not overlap.
function pool({ shape: [channels, height, width], data }, { size }) {
  const [high, broad] = [Math.floor(height / size), Math.floor(width / size)];
  const result = new Float32Array(channels * high * broad).fill(-Infinity);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < high * size; row++) {
      for (let column = 0; column < broad * size; column++) {
        const value = data[(channel * height + row) * width + column];
        const at = (channel * high + Math.floor(row / size)) * broad + Math.floor(column / size);
        if (value > result[at]) result[at] = value;
      }
    }
  }
  return { shape: [channels, high, broad], data: result };
}

function flatten({ data }) {
  return { shape: [data.length], data };
}

function linear({ data }, _, weight, bias) {
  const [outputs, inputs] = weight.shape;
  const result = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let sum = bias.data[output];
    for (let input = 0; input < inputs; input++) sum += weight.data[output * inputs + input] * data[input];
    result[output] = sum;
  }
  return { shape: [outputs], data: result };
}
