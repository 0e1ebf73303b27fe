const RETRY_AFTER = 2000; // milliseconds, until what could not be sent is sent again
const STORED = "digitnet"; // the name in the session's storage
const TEXT_FIELDS =
  "textarea, select, [contenteditable], " +
  "input:not([type=checkbox], [type=radio], [type=button], [type=file], [type=range])";

const paper = element.querySelector(".paper");
const picture = element.querySelector(".picture");
const outlines = element.querySelector(".outlines");
const ink = element.querySelector(".ink");
const cursor = element.querySelector(".cursor");
const help = element.querySelector(".help");
const status = element.querySelector(".status");
const linkField = element.querySelector(".link");
const undoButton = element.querySelector(".undo");
const redoButton = element.querySelector(".redo");
const clearButton = element.querySelector(".clear");
const copyButton = element.querySelector(".copy");

// What lies on the paper: strokes, or an image {value, url, outlines} that the server put there, such
// as the value {test_image: 17}; outlines [x, y, width, height] are around digits in it. A state is never changed, but for the strokes of the pen that is down.
const EMPTY = { strokes: [], image: null };
let state = EMPTY;
let [past, future] = [[], []]; // states, for Undo and Redo

let pen = null; // what draws: {id, type, before, strokes, last}, or null
let penSeen = false; // a stylus: then touch is the palm beside it
let point = [SIZE / 2, SIZE / 2]; // where the pen of the keyboard is
let chosen = { ...props.chosen }; // the model and so on, by their names in a link
let sending = false;
let retry = 0; // the timer
let playing = 0; // the animation frame that draws an example, or 0
let isDemo = false; // whether that example is the page's own, which nobody asked for

// ---- what the server and the storage get ------------------------------------------------------

function valueOf({ strokes, image }) {
  return image ? { ...image.value } : strokes.map((stroke) => stroke.slice());
}

function send() {
  sending = false;
  clearTimeout(retry);
  if (!isDemo) store();
  if (isAnsweredHere() && (pen || playing)) return; // the server is asked once the pen is lifted
  props.value = valueOf(state);
  trigger("input");
}

// Let the networks in the browser answer; whether they did.
function isAnsweredHere() {
  const detail = { strokes: state.image ? null : state.strokes, chosen };
  return !window.dispatchEvent(new CustomEvent("digitnet:drawn", { detail, cancelable: true }));
}

// At most one value a frame: more could not be shown.
function sendSoon() {
  leaveLink();
  if (sending) return;
  sending = true;
  requestAnimationFrame(send);
}

// A server that starts again, or a proxy before it, answers with an error for a while.
listen(window, "digitnet:unanswered", () => {
  clearTimeout(retry);
  retry = setTimeout(() => element.isConnected && send(), RETRY_AFTER);
});

// A browser may forbid a page within another one to store anything: then nothing is kept.
function store() {
  try {
    sessionStorage.setItem(STORED, encode(isDemo ? [] : valueOf(state), chosen));
  } catch {}
}

function stored() {
  try {
    return decode(sessionStorage.getItem(STORED) ?? "");
  } catch {
    return null;
  }
}

// ---- what the visitor sees --------------------------------------------------------------------

function show() {
  ink.replaceChildren();
  showStrokes(0);
  if (state.image?.url) picture.setAttribute("href", state.image.url);
  outlines.replaceChildren(...(state.image?.outlines ?? []).map(rectangle));
  refresh();
}

function rectangle([x, y, width, height]) {
  const box = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height })) box.setAttribute(name, value);
  return box;
}

// The strokes from number `first` on; those before are on the page.
function showStrokes(first) {
  for (let i = first; i < state.strokes.length; i++) {
    const line =
      ink.children[i] ??
      ink.appendChild(document.createElementNS(SVG, "polyline"));
    const stroke = state.strokes[i];
    line.setAttribute("points", pointsOf(stroke));
  }
}

function refresh() {
  const empty = isEmpty(state);
  for (const shown of [picture, outlines]) shown.toggleAttribute("hidden", !state.image?.url);
  help.hidden = !empty && !isDemo;
  help.classList.toggle("below", isDemo);
  undoButton.disabled = !pen && past.length === 0;
  redoButton.disabled = future.length === 0;
  clearButton.disabled = empty || isDemo;
  copyButton.disabled = empty || isDemo || state.image?.value.picture === true; // no link holds a picture
  status.textContent = "";
  linkField.hidden = true;
}

function isEmpty({ strokes, image }) {
  return strokes.length === 0 && !image;
}

// ---- history ----------------------------------------------------------------------------------

// Put another state on the paper; Undo gives back the one `before`.
function commit(next, before = state) {
  past.push(before);
  future = [];
  state = next;
}

function changed() {
  show();
  sendSoon();
}

function step(from, to) {
  if (pen || from.length === 0) return;
  stopPlaying();
  to.push(state);
  state = from.pop();
  changed();
}

const undo = () => (pen ? discard() : step(past, future));
const redo = () => step(future, past);

function clear() {
  discard();
  if (isEmpty(state)) return;
  stopPlaying();
  commit(EMPTY);
  changed();
}

undoButton.addEventListener("click", undo);
redoButton.addEventListener("click", redo);
clearButton.addEventListener("click", clear);

// The keys work wherever the focus is, but for places where text is written.
listen(document, "keydown", (event) => {
  const elsewhere = event.defaultPrevented || event.target.closest?.(TEXT_FIELDS);
  if (elsewhere || event.altKey || paper.getClientRects().length === 0) return;
  const key = event.key?.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (command && key === "z") (event.shiftKey ? redo : undo)();
  else if (command && key === "y" && !event.shiftKey) redo();
  else if (key === "escape") clear();
  else return;
  event.preventDefault();
});
