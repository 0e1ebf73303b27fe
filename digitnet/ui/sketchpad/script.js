const SIZE = 1000; // the drawing's units across the paper
const NEAR = 3; // units; points nearer to the last one than this add nothing

const paper = element.querySelector(".paper");
const ink = element.querySelector(".ink");
const help = element.querySelector(".help");
const undoButton = element.querySelector(".undo");
const clearButton = element.querySelector(".clear");

let strokes = [];
let pen = null; // the id of the pointer that is drawing
let sending = false;

// A value that the server's functions see; `input` makes them look.
function send() {
  sending = false;
  props.value = strokes.map((stroke) => stroke.slice());
  trigger("input");
}

// At most one value a frame: more could not be shown.
function sendSoon() {
  if (sending) return;
  sending = true;
  requestAnimationFrame(send);
}

function show() {
  ink.replaceChildren(...strokes.map(line));
  refresh();
}

function refresh() {
  const empty = strokes.length === 0;
  help.hidden = !empty;
  undoButton.disabled = clearButton.disabled = empty;
}

function line(stroke) {
  const polyline = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  polyline.setAttribute("points", pointsOf(stroke));
  return polyline;
}

// A line of no length would not be drawn at all; doubled, it is a dot.
function pointsOf(stroke) {
  return (stroke.length === 1 ? [stroke[0], stroke[0]] : stroke).join(" ");
}

function extend(event) {
  const stroke = strokes[strokes.length - 1];
  const box = paper.getBoundingClientRect();
  const events = event.getCoalescedEvents?.() ?? [];
  for (const { clientX, clientY } of events.length ? events : [event]) {
    const x = Math.round(((clientX - box.left) / box.width) * SIZE);
    const y = Math.round(((clientY - box.top) / box.height) * SIZE);
    const last = stroke[stroke.length - 1];
    if (!last || Math.hypot(x - last[0], y - last[1]) >= NEAR) stroke.push([x, y]);
  }
  ink.lastElementChild.setAttribute("points", pointsOf(stroke));
  sendSoon();
}

paper.addEventListener("pointerdown", (event) => {
  if (pen !== null || event.button !== 0) return;
  pen = event.pointerId;
  paper.setPointerCapture(pen);
  strokes.push([]);
  ink.append(line([]));
  extend(event);
  refresh();
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId === pen) extend(event);
});

for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
  paper.addEventListener(end, (event) => {
    if (event.pointerId !== pen) return;
    pen = null;
    sendSoon();
  });
}

function undo() {
  if (pen !== null || strokes.length === 0) return;
  strokes.pop();
  show();
  sendSoon();
}

function clear() {
  if (strokes.length === 0) return;
  pen = null;
  strokes = [];
  show();
  sendSoon();
}

undoButton.addEventListener("click", undo);
clearButton.addEventListener("click", clear);

// The keys work wherever the focus is, but for places that use them themselves.
function onKey(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  const elsewhere = event.target.closest?.("input, textarea, select, [contenteditable]");
  const hidden = paper.getClientRects().length === 0;
  if (hidden || (elsewhere && elsewhere.type !== "radio")) return;
  const command = (event.ctrlKey || event.metaKey) && !event.shiftKey;
  if (event.key.toLowerCase() === "z" && command) undo();
  else if (event.key === "Escape") clear();
  else return;
  event.preventDefault();
}
document.addEventListener("keydown", onKey);

// A drawing that comes from the server.
watch("value", () => {
  strokes = (props.value ?? []).map((stroke) => stroke.slice());
  show();
});
