element.addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) trigger("click", { index: Number(tile.dataset.index) });
});
