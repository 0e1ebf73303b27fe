// What the components' scripts share; it comes before each of them.

const SVG = "http://www.w3.org/2000/svg";

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
