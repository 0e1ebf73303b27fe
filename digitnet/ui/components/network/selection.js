// What the visitor points at, taps or tabs to, and what it lights up.

let selected = null; // {number, part, cell}: the column, the part in it, [row, column] in a map
let pinned = null; // the same; it stays when the pointer leaves

function select(selection) {
  selected = selection;
  render();
}

function render() {
  if (!values) return;
  element.querySelector(".network").classList.toggle("idle", isIdle);
  columns.forEach((_, number) => paintColumn(number));
  for (const button of parts.flat()) {
    button.classList.remove("selected");
    button.querySelector(".patch")?.style.removeProperty("display");
  }
  const live = selected && !isIdle;
  element.querySelector(".network").classList.toggle("explaining", Boolean(live));
  if (live) {
    parts[selected.number][selected.part].classList.add("selected");
    lightUp(selected);
  }
  paintLines();
  explain(live ? selected : null);
}

// Colours what the selected part is the sum of, and frames where that lies.
function lightUp({ number, part, cell }) {
  const column = columns[number];
  if (column.kind === "image") return frame(0, 0, [...cell, ...cell]);
  if (column.kind !== "maps") return colourContributions(number, part);
  let area = [...cell, ...cell];
  frame(number, part, area);
  for (let at = number; at > 0; at--) {
    const weight = model.tensors[`layers.${columns[at].layer}.weight`];
    area = sourceOf(columns[at], sizesOf(values[columns[at - 1].shown]), area, weight);
    for (const index of parts[at - 1].keys()) frame(at - 1, index, area);
  }
}

function frame(number, part, [top, left, bottom, right]) {
  const { height, width } = sizesOf(values[columns[number].shown]);
  Object.assign(parts[number][part].querySelector(".patch").style, {
    display: "block",
    top: `${(100 * top) / height}%`,
    left: `${(100 * left) / width}%`,
    height: `${(100 * (bottom - top + 1)) / height}%`,
    width: `${(100 * (right - left + 1)) / width}%`,
  });
}

function colourContributions(number, part) {
  const before = columns[number - 1];
  const shares = contributionsTo(number, part);
  if (before.kind === "units") return; // the lines show them
  const { height, width } = sizesOf(values[before.shown]);
  const limit = largest(shares);
  parts[number - 1].forEach((button, index) => {
    const cells = shares.subarray(index * height * width, (index + 1) * height * width);
    paintSigned(button.querySelector("canvas"), cells, limit);
  });
}

// What each value of the column before adds to a unit or an answer.
function contributionsTo(number, part) {
  const { data, shape } = model.tensors[`layers.${columns[number].layer}.weight`];
  const row = data.subarray(part * shape[1], (part + 1) * shape[1]);
  return row.map((factor, i) => factor * values[columns[number - 1].shown].data[i]);
}

// Whether a line leads to the selected part, or from it.
function isPartOf({ column, output, input }) {
  const { number, part } = selected;
  return (Number(column) === number && Number(output) === part) || (Number(column) === number + 1 && Number(input) === part);
}

// ---- by pointer -----------------------------------------------------------------------------------

function selectionAt({ target, clientX, clientY }) {
  const button = target.closest(".part");
  if (!button) return null;
  const [number, part] = [Number(button.dataset.column), Number(button.dataset.part)];
  const { kind, shown } = columns[number];
  if (kind !== "image" && kind !== "maps") return { number, part };
  const { height, width } = sizesOf(values[shown]);
  const canvas = button.querySelector("canvas").getBoundingClientRect();
  const within = (share, size) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
  const row = within((clientY - canvas.top) / canvas.height, height);
  const column = within((clientX - canvas.left) / canvas.width, width);
  return { number, part, cell: [row, column] };
}

box.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "touch") select(selectionAt(event) ?? pinned);
});
box.addEventListener("pointerleave", () => select(pinned));
box.addEventListener("click", (event) => {
  if (event.detail === 0) return; // by the keyboard, which has it selected
  pinned = selectionAt(event);
  select(pinned);
});

// ---- by keyboard ----------------------------------------------------------------------------------

// A part that gets the focus is selected, at its strongest cell.
box.addEventListener("focusin", ({ target }) => {
  if (!target.matches(".part:focus-visible")) return;
  const [number, part] = [Number(target.dataset.column), Number(target.dataset.part)];
  for (const button of parts[number]) button.tabIndex = button === target ? 0 : -1;
  const { kind, shown } = columns[number];
  pinned = { number, part };
  if (kind === "image" || kind === "maps") pinned.cell = strongestCell(values[shown], part);
  select(pinned);
});

function strongestCell(of, part) {
  const { height, width } = sizesOf(of);
  const cells = of.data.subarray(part * height * width, (part + 1) * height * width);
  const at = cells.indexOf(Math.max(...cells));
  return [Math.floor(at / width), at % width];
}

box.addEventListener("keydown", (event) => {
  const button = event.target.closest(".part");
  if (!button || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape" && pinned) {
    event.preventDefault(); // the sketchpad stays as it is
    pinned = null;
    return select(null);
  }
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  if (event.shiftKey) moveCell(step);
  else moveAmongParts(button, step);
});

function moveCell([down, across]) {
  if (!pinned?.cell) return;
  const { height, width } = sizesOf(values[columns[pinned.number].shown]);
  const within = (at, size) => Math.min(Math.max(at, 0), size - 1);
  const [row, column] = pinned.cell;
  pinned = { ...pinned, cell: [within(row + down, height), within(column + across, width)] };
  select(pinned);
}

function moveAmongParts(button, [down, across]) {
  const buttons = parts[Number(button.dataset.column)];
  const top = buttons[0].offsetTop;
  const perRow = buttons.filter((one) => one.offsetTop === top).length;
  buttons[Number(button.dataset.part) + across + down * perRow]?.focus();
}
