const NEAR = 3; // units; a pointer that moved less than this adds nothing
const STEP = 25; // units that an arrow key moves the pen by
const SMALL_STEP = 5; // units, with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// ---- the pen ----------------------------------------------------------------------------------

function begin(id, type, at) {
  discard();
  stopPlaying();
  pen = { id, type, before: state, strokes: [], last: at };
  follow(pen.strokes, at, at);
  // On a test image, a stroke begins a drawing of the visitor's own.
  state = { strokes: [...state.strokes, ...pen.strokes], image: null };
  changed();
}

function extend(points) {
  const first = pen.before.strokes.length;
  for (const at of points) {
    if (Math.hypot(at[0] - pen.last[0], at[1] - pen.last[1]) < NEAR) continue;
    follow(pen.strokes, pen.last, at);
    pen.last = at;
  }
  state = { strokes: [...pen.before.strokes, ...pen.strokes], image: null };
  showStrokes(first);
  sendSoon();
}

// The stroke is done. Simplified only now: what is sent then is what a link holds.
function lift() {
  const strokes = [...pen.before.strokes, ...pen.strokes.map(simplify)];
  const { before } = pen;
  pen = null;
  commit({ strokes, image: null }, before);
  changed();
}

function discard() {
  if (!pen) return;
  state = pen.before;
  pen = null;
  changed();
}

paper.addEventListener("pointerdown", (event) => {
  const { pointerId, pointerType, isPrimary, button } = event;
  if (pointerType === "pen") penSeen = true;
  else if (pointerType === "touch" && (penSeen || !isPrimary)) return;
  if (button !== 0) return;
  if (pen?.type === "keyboard") lift();
  if (pen && (pen.type === "pen" || pointerType !== "pen")) return;
  begin(pointerId, pointerType, placesOf(event, paper)[0]);
  paper.setPointerCapture(pointerId);
  paper.classList.remove("by-key");
});

// A pen that hovers is seen too. A second finger, wherever it lands, means that nobody draws.
paper.addEventListener("pointerenter", (event) => (penSeen ||= event.pointerType === "pen"));
listen(document, "pointerdown", ({ pointerId, pointerType }) => {
  if (pen?.type === "touch" && pointerType === "touch" && pointerId !== pen.id) discard();
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId === pen?.id) extend(placesOf(event, paper));
});

const ENDS = { pointerup: lift, lostpointercapture: lift, pointercancel: discard };
for (const [type, end] of Object.entries(ENDS)) {
  paper.addEventListener(type, (event) => event.pointerId === pen?.id && end());
}

// ---- the pen of the keyboard ------------------------------------------------------------------

const held = new Set(); // arrow keys: two together move the pen askew

function showCursor() {
  cursor.setAttribute("cx", point[0]);
  cursor.setAttribute("cy", point[1]);
  cursor.classList.toggle("down", pen?.type === "keyboard");
  paper.classList.add("by-key");
}

function lowerOrLift() {
  if (pen?.type === "keyboard") {
    lift();
    status.textContent = "Pen up.";
  } else if (!pen) {
    begin("keyboard", "keyboard", point);
    status.textContent = "Pen down: the arrow keys draw, Space lifts it.";
  }
}

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " ") {
    if (!event.repeat) lowerOrLift();
  } else if (event.key in ARROWS) {
    held.add(event.key);
    const size = event.shiftKey ? SMALL_STEP : STEP;
    for (const key of held) {
      point = point.map((at, axis) => Math.min(Math.max(at + size * ARROWS[key][axis], 0), SIZE));
    }
    if (pen?.type === "keyboard") extend([point]);
  } else return;
  showCursor();
  event.preventDefault();
});

paper.addEventListener("focus", () => paper.matches(":focus-visible") && showCursor());
paper.addEventListener("keyup", (event) => held.delete(event.key));
paper.addEventListener("blur", () => {
  held.clear();
  if (pen?.type === "keyboard") lift();
  paper.classList.remove("by-key");
});
