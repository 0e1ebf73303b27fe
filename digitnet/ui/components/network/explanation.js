// The sum that made the selected value, written out.

const MOST_LISTED = 6; // terms of a sum, until the others are taken together
const detail = element.querySelector(".detail");
const EMPTY = "Draw a digit, and watch it pass through the network.";
const HINT = "Point at a map, a unit or an answer, tap it, or move to it with Tab and the arrow keys (with Shift, to a cell of a map).";

function explain(selection) {
  if (!selection) {
    const hint = isIdle ? EMPTY : HINT;
    // Screen readers read what is written here anew, even if it is the same.
    if (detail.textContent !== hint) detail.replaceChildren(make("p", "hint", hint));
    return;
  }
  const { number, part, cell } = selection;
  const { kind } = columns[number];
  const explained = { image: explainPixel, maps: explainCell, units: explainSum, answers: explainSum };
  detail.replaceChildren(make("b", "title", nameOf(number, part)), ...explained[kind](number, part, cell));
}

function explainPixel(number, part, [row, column]) {
  const ink = values[0].data[28 * row + column];
  return [make("p", "", `Row ${row + 1}, column ${column + 1}: ${ink.toFixed(2)}, where 0 is no ink and 1 is full ink.`)];
}

// One cell of a map: the patch below its kernel, channel by channel.
function explainCell(number, part, cell) {
  const { layer, pool, relu, shown } = columns[number];
  const [row, column] = strongestOf(number, part, cell);
  const kernels = model.tensors[`layers.${layer}.weight`];
  const [, channels, rows, wide] = kernels.shape;
  const bias = model.tensors[`layers.${layer}.bias`].data[part];
  const terms = [];
  for (let channel = 0; channel < channels; channel++) {
    const kernel = [];
    const patch = [];
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < wide; x++) {
        kernel.push(kernels.data[((part * channels + channel) * rows + y) * wide + x]);
        patch.push(inputAt(number, channel, row + y, column + x));
      }
    }
    const sum = kernel.reduce((total, factor, i) => total + factor * patch[i], 0);
    terms.push({ name: `map ${channel + 1}`, sum, kernel, patch });
  }
  const where = make("p", "", `Row ${cell[0] + 1}, column ${cell[1] + 1}.`);
  const steps = [where];
  if (pool > 1) where.append(` The largest of ${pool} × ${pool} values is kept (max-pooling); it is this one:`);
  if (channels === 1) steps.push(makeProduct(terms[0], wide));
  const total = terms.reduce((sum, term) => sum + term.sum, bias);
  const listed = channels === 1 ? [{ ...terms[0], name: "patch × kernel" }] : terms;
  steps.push(makeSum(listed, bias, total, relu));
  const { height, width } = sizesOf(values[shown]);
  const kept = values[shown].data[(part * height + cell[0]) * width + cell[1]];
  steps[steps.length - 1].append(make("output", "result", kept.toFixed(2)));
  return steps;
}

// Which of the cells that are pooled is kept.
function strongestOf(number, part, [row, column]) {
  const { layer, pool } = columns[number];
  const computed = values[layer + 1];
  const { height, width } = sizesOf(computed);
  let best = [row * pool, column * pool];
  const valueAt = ([y, x]) => computed.data[(part * height + y) * width + x];
  for (let y = row * pool; y < (row + 1) * pool; y++) {
    for (let x = column * pool; x < (column + 1) * pool; x++) {
      if (valueAt([y, x]) > valueAt(best)) best = [y, x];
    }
  }
  return best;
}

// A value of the column before, at a place of the padded map.
function inputAt(number, channel, y, x) {
  const before = values[columns[number - 1].shown];
  const { height, width } = sizesOf(before);
  const [row, column] = [y - columns[number].padding, x - columns[number].padding];
  if (row < 0 || column < 0 || row >= height || column >= width) return 0;
  return before.data[(channel * height + row) * width + column];
}

// A unit or an answer: a sum over all values of the column before.
function explainSum(number, part) {
  const { layer, kind, relu } = columns[number];
  const before = columns[number - 1];
  const shares = contributionsTo(number, part);
  const bias = model.tensors[`layers.${layer}.bias`].data[part];
  const total = values[layer + 1].data[part];
  let terms;
  if (before.kind === "units") {
    terms = Array.from(shares, (sum, i) => ({ name: `unit ${i + 1}`, sum }));
  } else {
    const what = before.kind === "image" ? "ink" : "cells";
    const sumOf = (sign) => shares.reduce((sum, share) => (share * sign > 0 ? sum + share : sum), 0);
    terms = [
      { name: `${what} that speak for it`, sum: sumOf(1) },
      { name: `${what} that speak against it`, sum: sumOf(-1) },
    ];
  }
  const sum = makeSum(terms, bias, total, relu);
  if (kind === "answers") {
    const { probabilities } = engine.predict(values[values.length - 1].data, model);
    sum.append(make("span", "step", `logit; the softmax makes it ${(100 * probabilities[part]).toFixed(1)} %`));
  } else {
    sum.append(make("output", "result", values[columns[number].shown].data[part].toFixed(2)));
  }
  return [sum, ...(before.kind === "units" ? [] : [makeScale(largest(shares))])];
}

// The terms, the largest first, and what they add up to.
function makeSum(terms, bias, total, relu) {
  const sorted = terms.toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const others = sorted.length > MOST_LISTED ? sorted.splice(MOST_LISTED - 1) : [];
  if (others.length) {
    sorted.push({ name: `${others.length} others`, sum: others.reduce((sum, term) => sum + term.sum, 0) });
  }
  const made = make("p", "sum-of");
  for (const { name, sum } of [...sorted, { name: "bias", sum: bias }]) {
    const term = make("span", "term");
    const value = make("b", "", signed(sum));
    value.style.borderColor = colourOf(sum);
    term.append(value, make("span", "", name));
    made.append(term);
  }
  made.append(make("span", "equals", "="), make("b", "total", signed(total)));
  if (relu) made.append(make("span", "step", total > 0 ? "the ReLU lets it through:" : "the ReLU makes it 0:"));
  return made;
}

// A patch times a kernel, as two small tables.
function makeProduct({ patch, kernel }, wide) {
  const product = make("p", "product");
  const table = (name, cells) => {
    const grid = make("span", "grid");
    grid.style.gridTemplateColumns = `repeat(${wide}, auto)`;
    grid.append(...cells.map((value) => make("span", "", value.toFixed(2).replace("-", "−"))));
    const labelled = make("span", "labelled");
    labelled.append(grid, make("span", "", name));
    return labelled;
  };
  product.append(table("patch", patch), make("span", "equals", "×"), table("kernel", kernel));
  return product;
}

function makeScale(limit) {
  const scale = make("p", "scale");
  const sample = (sign) => {
    const swatch = make("i", "");
    swatch.style.background = colourOf(sign);
    return swatch;
  };
  scale.append(sample(1), `for it, ${signed(limit)} in full colour`, sample(-1), `against it, ${signed(-limit)}`);
  return scale;
}
