// The sheet on which one digit after another is written.

const SVG = "http://www.w3.org/2000/svg";
const NEAR = 3; // units; a pointer that moved less than this adds nothing
const sheet = element.querySelector(".sheet");
const ink = element.querySelector(".ink");
let strokes = []; // what is written now
let pen = null; // the pointer that writes, or null

// Listen outside of this element, as long as it is on the page.
function listen(target, type, listener) {
  const listening = (event) =>
    element.isConnected ? listener(event) : target.removeEventListener(type, listening);
  target.addEventListener(type, listening);
}

function placesOf(event) {
  const toPaper = sheet.getScreenCTM().inverse();
  const coalesced = event.getCoalescedEvents?.() ?? [];
  return (coalesced.length ? coalesced : [event]).map(({ clientX, clientY }) => {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(toPaper);
    return [x, y].map((at) => Math.round(Math.min(Math.max(at, 0), 1000)));
  });
}

function polylineOf(stroke) {
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", (stroke.length === 1 ? [stroke[0], stroke[0]] : stroke).join(" "));
  return line;
}

function showInk() {
  ink.replaceChildren(...strokes.map(polylineOf));
}

sheet.addEventListener("pointerdown", (event) => {
  if (!isWriting() || event.button !== 0 || pen !== null) return;
  pen = event.pointerId;
  sheet.setPointerCapture(pen);
  strokes.push(placesOf(event).slice(-1));
  showInk();
  waitNoLonger();
});

sheet.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pen) return;
  const stroke = strokes[strokes.length - 1];
  for (const at of placesOf(event)) {
    const last = stroke[stroke.length - 1];
    if (Math.hypot(at[0] - last[0], at[1] - last[1]) >= NEAR) stroke.push(at);
  }
  showInk();
});

function lift(isKept) {
  pen = null;
  if (!isKept) strokes.pop();
  showInk();
  goOnSoon();
}
sheet.addEventListener("pointerup", ({ pointerId }) => pointerId === pen && lift(true));
sheet.addEventListener("pointercancel", ({ pointerId }) => pointerId === pen && lift(false));
