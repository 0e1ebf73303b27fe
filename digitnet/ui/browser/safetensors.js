// The content of a safetensors file: its length in eight bytes, the header as JSON, the tensors.

// {metadata, tensors} of an ArrayBuffer; tensors by name, {shape, data: Float32Array}.
export function readSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const { __metadata__: metadata, ...entries } = header;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(entries)) {
    if (dtype !== "F32") throw new Error(`The tensor ${name} is ${dtype}, not F32.`);
    // A copy, because a Float32Array must begin at a multiple of four bytes.
    tensors[name] = { shape, data: new Float32Array(buffer.slice(8 + length + start, 8 + length + end)) };
  }
  return { metadata, tensors };
}
