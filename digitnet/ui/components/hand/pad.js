// The sheet on which one digit after another is written.

const NEAR = 3; // units; a pointer that moved less than this adds nothing
const sheet = element.querySelector(".sheet");
const ink = element.querySelector(".ink");
let strokes = []; // what is written now
let pen = null; // the pointer that writes, or null

const SIDE = 1000; // units, of the sheet
const onSheet = (event) =>
  placesOf(event, sheet).map((point) => point.map((at) => Math.min(Math.max(at, 0), SIDE)));

function polylineOf(stroke) {
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", pointsOf(stroke));
  return line;
}

function showInk() {
  ink.replaceChildren(...strokes.map(polylineOf));
}

sheet.addEventListener("pointerdown", (event) => {
  if (!isWriting() || event.button !== 0 || pen !== null) return;
  pen = event.pointerId;
  sheet.setPointerCapture(pen);
  strokes.push(onSheet(event).slice(-1));
  showInk();
  waitNoLonger();
});

sheet.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pen) return;
  const stroke = strokes[strokes.length - 1];
  for (const at of onSheet(event)) {
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
