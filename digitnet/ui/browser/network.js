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

// Stride 1. The input is padded first, so that the innermost loop needs no bounds.
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
            let from = (channel * tall + row + y) * wide + x;
            const end = (row + 1) * broad;
            for (let at = row * broad; at < end; at++) plane[at] += factor * padded[from++];
          }
        }
      }
    }
  }
  return { shape: [outputs, high, broad], data: result };
}

function relu({ shape, data }) {
  return { shape, data: data.map((value) => (value > 0 ? value : 0)) };
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
