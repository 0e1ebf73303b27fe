// Bring the image that was opened into view.
let shown = null;
function show() {
  const index = props.value?.index ?? null;
  if (index !== null && index !== shown) element.scrollIntoView({ block: "nearest" });
  shown = index;
}
watch("value", show);
show();
