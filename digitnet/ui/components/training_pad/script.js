const clearButton = element.querySelector(".clear");
let isGiven = false; // whether the server put the drawing there

const sheet = makeSheet(element.querySelector(".sheet"), { touched, lifted: changed });

function touched() {
  if (isGiven) sheet.strokes = [];
  isGiven = false;
  refresh(false);
}

function refresh(isEmpty) {
  element.querySelector(".help").hidden = !isEmpty;
  clearButton.disabled = isEmpty;
}

function changed() {
  refresh(sheet.strokes.length === 0);
  props.value = sheet.strokes.map((stroke) => stroke.slice());
  trigger("input");
}

clearButton.addEventListener("click", () => {
  isGiven = false;
  sheet.strokes = [];
  sheet.show();
  changed();
});

watch("value", () => {
  sheet.strokes = props.value ?? [];
  isGiven = true;
  sheet.show();
  refresh(sheet.strokes.length === 0);
});
