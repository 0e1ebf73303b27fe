// What the components' scripts share; it comes before each of them.

const SVG = "http://www.w3.org/2000/svg";
const PILE = "digitnet-hand"; // what the tab Your hand keeps in the session's storage

// Listen outside of this element, as long as it is on the page.
function listen(target, type, listener) {
  const listening = (event) =>
    element.isConnected ? listener(event) : target.removeEventListener(type, listening);
  target.addEventListener(type, listening);
}

// digitnet/ui/browser/engine.js. The page is served where its prefix ends, with or without a slash.
function importEngine() {
  const folder = location.origin + location.pathname.replace(/\/?$/, "/");
  return import(new URL(`${props.engine.modules}/engine.js`, folder));
}

// Let the browser download `content`, a Blob, as a file.
function download(content, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it later than now
}

// Where a pointer has been since its last event, [x, y] in the units of the drawing `svg`.
function placesOf(event, svg) {
  const toDrawing = svg.getScreenCTM().inverse();
  const coalesced = event.getCoalescedEvents?.() ?? [];
  return (coalesced.length ? coalesced : [event]).map(({ clientX, clientY }) => {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(toDrawing);
    return [Math.round(x), Math.round(y)];
  });
}

// The points of a stroke as SVG has them. A line of no length would not be drawn; doubled, it is a dot.
const pointsOf = (stroke) => (stroke.length === 1 ? [stroke[0], stroke[0]] : stroke).join(" ");

function polylineOf(stroke) {
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", pointsOf(stroke));
  return line;
}

const SIDE = 1000; // units, of a pad

// A pad, the drawing `svg`, on which one pointer at a time writes `strokes`; `show` draws them.
// `isOpen` says whether it may write, `touched` is called when it begins and `lifted` when it ends.
function makePad(svg, { isOpen = () => true, touched, lifted }) {
  const NEAR = 3; // units; a pointer that moved less than this adds nothing
  const ink = svg.querySelector(".ink");
  const pad = {
    strokes: [],
    show: () => ink.replaceChildren(...pad.strokes.map(polylineOf)),
    isWriting: () => pen !== null,
  };
  let pen = null; // the pointer that writes, or null
  let stroke = []; // that it writes
  const places = (event) =>
    placesOf(event, svg).map((point) => point.map((at) => Math.min(Math.max(at, 0), SIDE)));

  svg.addEventListener("pointerdown", (event) => {
    if (!isOpen() || event.button !== 0 || pen !== null) return;
    pen = event.pointerId;
    svg.setPointerCapture(pen);
    touched();
    stroke = places(event).slice(-1);
    pad.strokes.push(stroke);
    pad.show();
  });

  svg.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    for (const at of places(event)) {
      const last = stroke[stroke.length - 1];
      if (Math.hypot(at[0] - last[0], at[1] - last[1]) >= NEAR) stroke.push(at);
    }
    pad.show();
  });

  function lift({ pointerId, type }) {
    if (pointerId !== pen) return;
    pen = null;
    if (type === "pointercancel") pad.strokes = pad.strokes.filter((one) => one !== stroke);
    pad.show();
    lifted();
  }
  // The last one is for a pad that is hidden while the pen is down.
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) svg.addEventListener(type, lift);
  return pad;
}
