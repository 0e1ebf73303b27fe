// A digit to be drawn so that the best model reads it and no other does.
const best = props.value.model;
const task = element.querySelector(".task");
let digit = null; // the one to draw; null before the challenge is taken
let won = 0;

const next = () => (digit = ((digit ?? 3) + 1 + Math.floor(9 * Math.random())) % 10); // another one
const wanted = () => `a ${digit} that only the ${best} reads`;

element.querySelector(".start").addEventListener("click", (event) => {
  next();
  event.target.textContent = "Another digit";
  task.textContent = `Draw ${wanted()}.`;
});

listen(window, "digitnet:settled", ({ detail: { models = [] } }) => {
  if (digit === null || !models.length) return;
  const readers = models.filter(({ predicted }) => String(predicted) === String(digit));
  const others = readers.map(({ model }) => model).filter((model) => model !== best);
  if (others.length === readers.length) {
    task.textContent = `Draw ${wanted()}.`;
  } else if (others.length) {
    task.textContent = `${others.join(" and ")} read${others.length > 1 ? "" : "s"} it too. Draw ${wanted()}.`;
  } else {
    won += 1;
    const done = `Only the ${best} reads your ${digit}`;
    next();
    task.textContent = `${done} (${won} so far). Now draw ${wanted()}.`;
  }
});
