const clearButton = element.querySelector(".clear");
let isGiven = false; // whether the server put the drawing there

const pad = makePad(element.querySelector(".sheet"), { touched, lifted: changed });

function touched() {
  if (isGiven) pad.strokes = [];
  isGiven = false;
  refresh(false);
}

function refresh(isEmpty) {
  element.querySelector(".help").hidden = !isEmpty;
  clearButton.disabled = isEmpty;
}

function changed() {
  refresh(pad.strokes.length === 0);
  props.value = pad.strokes.map((stroke) => stroke.slice());
  trigger("input");
}

clearButton.addEventListener("click", () => {
  isGiven = false;
  pad.strokes = [];
  pad.show();
  changed();
});

watch("value", () => {
  if (!isGiven && pad.strokes.length) return changed(); // the visitor was first
  pad.strokes = props.value ?? [];
  isGiven = true;
  pad.show();
  refresh(pad.strokes.length === 0);
});
