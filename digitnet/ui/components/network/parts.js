// The elements of the picture: a button for each map, unit and answer, with its values.

const MANY = 6; // units, from which on they are shown smaller
const box = element.querySelector(".columns");
const lines = element.querySelector(".lines");

let engine = null; // digitnet/ui/browser/engine.js
let model = null; // the one that is shown, of the engine
let columns = [];
let parts = []; // the buttons, by column
let values = null; // what the engine computed
let isIdle = true; // whether nothing is drawn, so that `values` are those of a blank image

function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

// ---- once for each model --------------------------------------------------------------------------

function build() {
  columns = columnsOf(model.layers);
  parts = columns.map(() => []);
  const made = columns.map((column, number) => {
    const one = make("div", `column ${column.kind}`);
    const caption = captionsOf(columns, number, values);
    const head = make("div", "caption");
    head.append(make("b", "plain", caption.plain), make("span", "term", `(${caption.term})`));
    head.append(make("span", "shape", caption.shape));
    if (caption.sum) head.append(make("span", "sum", caption.sum));
    const group = make("div", "parts");
    group.setAttribute("role", "group");
    group.classList.toggle("many", column.kind === "units" && sizesOf(values[column.shown]).parts > MANY);
    group.setAttribute("aria-label", `${caption.plain}: ${caption.term}`);
    const sizes = sizesOf(values[column.shown]);
    for (let part = 0; part < sizes.parts; part++) group.append(makePart(column, number, part, sizes));
    if (column.kind === "answers") group.append(makeNoDigit());
    one.append(head, group);
    return one;
  });
  for (const old of box.querySelectorAll(".column")) old.remove();
  box.append(...made);
  box.dataset.shape = columns.some(({ kind }) => kind === "maps") ? "maps" : "units";
  lines.replaceChildren();
  for (const [number, column] of columns.entries()) {
    if (number > 0 && columns[number - 1].kind === "units") addLines(number, column);
  }
}

function makePart(column, number, part, { height, width }) {
  const button = make("button", "part");
  button.type = "button";
  button.tabIndex = part === 0 ? 0 : -1;
  button.dataset.column = number;
  button.dataset.part = part;
  button.setAttribute("aria-label", nameOf(number, part));
  if (column.kind === "answers") {
    button.append(make("span", "name", part));
    button.append(makeTrack(), make("span", "value"));
  } else {
    const template = column.kind === "units" ? templateOf(column, part) : null;
    const canvas = make("canvas", "");
    [canvas.width, canvas.height] = template ? [28, 28] : [width, height];
    if (template) paintSigned(canvas, template, largest(template));
    button.append(canvas, make("span", "patch"));
    if (column.kind === "units") button.append(make("span", "value"));
  }
  parts[number].push(button);
  return button;
}

function makeTrack() {
  const track = make("span", "track");
  track.append(make("span", "fill"));
  return track;
}

// The eleventh answer, whose logit is always 0; see `digit_score` in digitnet/calibration.py.
function makeNoDigit() {
  if (!(model.threshold > 0)) return make("p", "guesses", "It always guesses a digit.");
  const row = make("p", "none");
  row.append(make("span", "name", "none"), make("span", "why", "“not a digit” has the logit 0"));
  return row;
}

// What a unit that sees the image looks for: its weights. Null for other units.
function templateOf({ layer }, part) {
  const { data, shape } = model.tensors[`layers.${layer}.weight`];
  return shape[1] === 28 * 28 ? data.subarray(part * shape[1], (part + 1) * shape[1]) : null;
}

function nameOf(number, part) {
  const { kind } = columns[number];
  if (kind === "image") return "The image, 28 by 28 pixels";
  if (kind === "answers") return `The answer ${part}`;
  const { parts: count } = sizesOf(values[columns[number].shown]);
  return `${kind === "maps" ? "Map" : "Unit"} ${part + 1} of ${count}`;
}

function addLines(number, { layer }) {
  const [outputs, inputs] = model.tensors[`layers.${layer}.weight`].shape;
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const line = document.createElementNS(SVG, "line");
      Object.assign(line.dataset, { column: number, output, input });
      lines.append(line);
    }
  }
}

// ---- for each image -------------------------------------------------------------------------------

function paintColumn(number) {
  const column = columns[number];
  const { data } = values[column.shown];
  const limit = column.kind === "image" ? 1 : largest(data);
  const { height, width } = sizesOf(values[column.shown]);
  parts[number].forEach((button, part) => {
    if (column.kind === "image" || column.kind === "maps") {
      const cells = data.subarray(part * height * width, (part + 1) * height * width);
      paintStrength(button.querySelector("canvas"), cells, limit);
      return;
    }
    button.querySelector(".value").textContent = isIdle ? "" : signed(data[part]);
    if (column.kind === "units") {
      button.classList.toggle("shut", Boolean(column.relu && !isIdle && data[part] <= 0));
    } else {
      const fill = button.querySelector(".fill");
      fill.style.width = `${isIdle ? 0 : (100 * Math.abs(data[part])) / limit}%`;
      fill.style.background = colourOf(data[part]);
      button.classList.toggle("best", !isIdle && data[part] === Math.max(...data));
    }
  });
}

// Lines from units to what they add to: activation times weight, its sign and its size.
function paintLines() {
  lines.toggleAttribute("hidden", isIdle);
  if (isIdle || !lines.childElementCount) return;
  const origin = box.getBoundingClientRect();
  const ends = parts.map((buttons) => buttons.map((button) => button.getBoundingClientRect()));
  const shares = columns.map((_, number) => number > 0 && columns[number - 1].kind === "units" && products(number));
  for (const line of lines.children) {
    const [number, output, input] = ["column", "output", "input"].map((name) => Number(line.dataset[name]));
    const all = shares[number];
    const share = all.data[output * all.inputs + input];
    const [from, to] = [ends[number - 1][input], ends[number][output]];
    line.setAttribute("x1", from.right - origin.left);
    line.setAttribute("y1", from.top + from.height / 2 - origin.top);
    line.setAttribute("x2", to.left - origin.left);
    line.setAttribute("y2", to.top + to.height / 2 - origin.top);
    line.style.stroke = colourOf(share);
    line.style.strokeWidth = `${(7 * Math.abs(share)) / all.limit}px`;
    line.classList.toggle("faint", Boolean(selected) && !isPartOf(line.dataset));
  }
}

// What each input of a linear layer adds to each of its outputs.
function products(number) {
  const { data: weight, shape } = model.tensors[`layers.${columns[number].layer}.weight`];
  const { data: inputs } = values[columns[number - 1].shown];
  const data = weight.map((factor, i) => factor * inputs[i % shape[1]]);
  return { data, inputs: shape[1], limit: largest(data) };
}
