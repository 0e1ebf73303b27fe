const SIZE = 1000; // the drawing's units across the paper
const NEAR = 3; // units; points nearer to the last one than this add nothing
const PLAYING_TIME = 900; // milliseconds in which an example is drawn
const LINKED = "drawing="; // before the strokes in an address
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; // of base 64
const OFFSET = 1024; // added to a coordinate in a link: strokes may leave the paper a little
const STRAIGHT = 2; // units; a point nearer to a straight line than this is left out of a link

const paper = element.querySelector(".paper");
const picture = element.querySelector(".picture");
const ink = element.querySelector(".ink");
const help = element.querySelector(".help");
const copied = element.querySelector(".copied");
const undoButton = element.querySelector(".undo");
const clearButton = element.querySelector(".clear");
const copyButton = element.querySelector(".copy");

let strokes = [];
let testImage = null; // the number of the test image that lies on the paper, or null
let pen = null; // the id of the pointer that is drawing
let sending = false;
let playing = 0; // the animation frame that draws an example, or 0

// ---- what the server sees ---------------------------------------------------------------------

// A value that the server's functions see; `input` makes them look.
function send() {
  sending = false;
  props.value =
    testImage === null ? strokes.map((stroke) => stroke.slice()) : { test_image: testImage };
  trigger("input");
}

// At most one value a frame: more could not be shown.
function sendSoon() {
  if (location.hash.startsWith("#" + LINKED)) setHash(""); // it shows another drawing than this
  if (sending) return;
  sending = true;
  requestAnimationFrame(send);
}

// ---- what the visitor sees --------------------------------------------------------------------

function show() {
  ink.replaceChildren(...strokes.map(line));
  refresh();
}

function refresh() {
  const empty = strokes.length === 0;
  picture.toggleAttribute("hidden", testImage === null);
  help.hidden = !empty || testImage !== null;
  undoButton.disabled = copyButton.disabled = empty;
  clearButton.disabled = empty && testImage === null;
  copied.textContent = "";
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

// ---- the pen ----------------------------------------------------------------------------------

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
  stopPlaying();
  testImage = null; // a stroke begins a drawing of the visitor's own
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
  stopPlaying();
  strokes.pop();
  show();
  sendSoon();
}

function clear() {
  if (strokes.length === 0 && testImage === null) return;
  stopPlaying();
  pen = null;
  testImage = null;
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

// ---- examples ---------------------------------------------------------------------------------

function stopPlaying() {
  cancelAnimationFrame(playing);
  playing = 0;
}

// Draw `drawing` as a hand would, in its own time.
function play(drawing) {
  stopPlaying();
  pen = testImage = null;
  const length = drawing.flat().length;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const started = performance.now();
  const step = (now) => {
    const share = still ? 1 : Math.min((now - started) / PLAYING_TIME, 1);
    let left = Math.max(1, Math.round(share * length));
    strokes = [];
    for (const stroke of drawing) {
      if (left <= 0) break;
      strokes.push(stroke.slice(0, left));
      left -= stroke.length;
    }
    show();
    sendSoon();
    playing = share < 1 ? requestAnimationFrame(step) : 0;
  };
  playing = requestAnimationFrame(step);
}

for (const button of element.querySelectorAll(".example")) {
  const drawing = [...button.querySelectorAll("polyline")].map((polyline) =>
    [...polyline.points].map(({ x, y }) => [x, y]),
  );
  button.addEventListener("click", () => play(drawing));
}

// ---- links ------------------------------------------------------------------------------------

// Only the points that the stroke's shape needs (Ramer, Douglas and Peucker).
function simplify(stroke) {
  const [first, last] = [stroke[0], stroke[stroke.length - 1]];
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]];
  const length = Math.hypot(dx, dy);
  let [farthest, where] = [STRAIGHT, -1];
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = [stroke[i][0] - first[0], stroke[i][1] - first[1]];
    const distance = length ? Math.abs(x * dy - y * dx) / length : Math.hypot(x, y);
    if (distance > farthest) [farthest, where] = [distance, i];
  }
  if (where < 0) return stroke.length > 1 ? [first, last] : [first];
  return [...simplify(stroke.slice(0, where + 1)).slice(0, -1), ...simplify(stroke.slice(where))];
}

// Two characters a coordinate, a dot between strokes.
function encode(drawing) {
  const number = (value) => {
    const bits = Math.min(Math.max(value + OFFSET, 0), 4095);
    return DIGITS[bits >> 6] + DIGITS[bits & 63];
  };
  return drawing.map((stroke) => simplify(stroke).flat().map(number).join("")).join(".");
}

function decode(text) {
  if (!/^([\w-]{4})+(\.([\w-]{4})+)*$/.test(text)) return [];
  const number = (pair) => DIGITS.indexOf(pair[0]) * 64 + DIGITS.indexOf(pair[1]) - OFFSET;
  const point = (four) => [number(four.slice(0, 2)), number(four.slice(2))];
  return text.split(".").map((stroke) => stroke.match(/.{4}/g).map(point));
}

function setHash(hash) {
  history.replaceState(history.state, "", location.pathname + location.search + hash);
}

copyButton.addEventListener("click", async () => {
  const hash = "#" + LINKED + encode(strokes);
  try {
    await navigator.clipboard.writeText(location.origin + location.pathname + hash);
    copied.textContent = "Link copied: whoever opens it sees this drawing.";
  } catch {
    // Without HTTPS, or without leave, a page may not write there.
    setHash(hash);
    copied.textContent = "The address bar now holds a link to this drawing: copy it from there.";
  }
});

function openLink() {
  if (!location.hash.startsWith("#" + LINKED)) return;
  const linked = decode(location.hash.slice(1 + LINKED.length));
  if (linked.length === 0) return;
  stopPlaying();
  testImage = null;
  strokes = linked;
  show();
  send();
}
window.addEventListener("hashchange", openLink);
requestAnimationFrame(openLink); // the page sets its first values before

// A drawing or a test image that comes from the server.
watch("value", () => {
  stopPlaying();
  const value = props.value ?? [];
  testImage = value.test_image ?? null;
  strokes = testImage === null ? value.map((stroke) => stroke.slice()) : [];
  if (value.picture) picture.setAttribute("href", value.picture);
  show();
  if (testImage !== null) sendSoon();
});
