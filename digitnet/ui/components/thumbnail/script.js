// The digit on the sketchpad, as the networks see it: on every tab, as all of them are about it.
const button = element.querySelector(".thumbnail");
const context = button.querySelector("canvas").getContext("2d");

listen(window, "digitnet:seen", ({ detail: { image } }) => {
  button.classList.toggle("shown", Boolean(image));
  if (!image) return;
  const pixels = context.createImageData(28, 28);
  for (let i = 0; i < image.length; i++) pixels.data.fill(Math.round(255 * image[i]), 4 * i, 4 * i + 3);
  for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
  context.putImageData(pixels, 0, 0);
});
button.addEventListener("click", () => trigger("click"));
