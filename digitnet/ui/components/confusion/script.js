element.addEventListener("click", (event) => {
  const cell = event.target.closest("button");
  if (!cell) return;
  trigger("click", { actual: Number(cell.dataset.actual), predicted: Number(cell.dataset.predicted) });
});
