// What can be pressed in the answer: the cards of the models, and the digit that it should have been.

element.addEventListener("click", ({ target }) => {
  const model = target.closest(".card")?.dataset.model;
  if (model) document.querySelector(`#model input[value="${model}"]`)?.click();
  const label = target.closest(".correct button")?.dataset.label;
  if (label && drawn?.length) keepFor(Number(label));
  if (target.closest(".card-picture") && drawn?.length) share();
});

let kept = ""; // said of this drawing; the template is rendered again without it
const sayKept = () => write(element.querySelector(".correct .kept"), kept);
watch("value", sayKept);
listen(window, "digitnet:drawn", () => {
  kept = "";
  sayKept();
});

// Put the drawing on the pile of the tab Your hand, where a model can learn it; under one digit.
function keepFor(label) {
  try {
    const pile = JSON.parse(sessionStorage.getItem(PILE) ?? "[]");
    const isAnother = ({ strokes }) => JSON.stringify(strokes) !== JSON.stringify(drawn);
    sessionStorage.setItem(PILE, JSON.stringify([...pile.filter(isAnother), { label, strokes: drawn }]));
    window.dispatchEvent(new Event("digitnet:corrected"));
    kept = `Kept as a ${label} in Your hand.`;
  } catch {
    kept = "This browser does not let the page keep it.";
  }
  sayKept();
}
