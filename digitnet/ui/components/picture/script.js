const ENOUGH = 1_000_000; // bytes; a larger file is reduced before it is sent
const LONGEST = 2560; // pixels of a reduced picture's longest side, twice what digits are looked for at
const QUALITY = 0.92; // of a JPEG file, 0 to 1

const [file, shot] = element.querySelectorAll("input");
const viewfinder = element.querySelector(".viewfinder");
const video = element.querySelector("video");
const largest = Number(element.querySelector(".ways").dataset.largest); // bytes of a file

let stream = null; // of the camera, while it is on
let asked = 0; // how often the camera was asked for, or was no longer wanted

function say(problem, says = "") {
  props.value = { problem, says };
}

// ---- a file -----------------------------------------------------------------------------------

async function send(picture) {
  stopCamera();
  say("", "Reading the picture …");
  try {
    const content = picture.size > ENOUGH ? await reduced(picture) : picture;
    if (content.size > largest) {
      const megabytes = Math.floor(largest / 1e6);
      say(`This file is too large; choose a picture of at most ${megabytes} MB.`);
    } else {
      trigger("upload", { content: await toDataURL(content) });
    }
  } catch {
    say("This file could not be read; choose another one."); // such as one that was moved
  }
}

// Smaller, and turned as its camera was held; unchanged where the browser cannot read it.
async function reduced(picture) {
  const bitmap = await createImageBitmap(picture).catch(() => null);
  if (!bitmap) return picture;
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const content = await toFile(bitmap, bitmap.width * scale, bitmap.height * scale, picture.type);
  return content.size < picture.size ? content : picture;
}

// A PNG file where `type` is one, for it may be transparent; else a JPEG file.
function toFile(source, width, height, type) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, width), Math.max(1, height)];
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  const kind = type === "image/png" ? type : "image/jpeg";
  return new Promise((resolve) => canvas.toBlob(resolve, kind, QUALITY));
}

function toDataURL(content) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = reject;
    reader.readAsDataURL(content);
  });
}

for (const input of [file, shot]) {
  input.addEventListener("change", () => {
    if (input.files.length) send(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
}
element.querySelector(".choose").addEventListener("click", () => file.click());

// ---- drop and paste ---------------------------------------------------------------------------

// Anywhere on the page, while this component is in view.
function listenInView(type, handle) {
  listen(document, type, (event) => element.getClientRects().length > 0 && handle(event));
}

function take(event, data) {
  if (!data?.types.includes("Files")) return;
  event.preventDefault(); // the browser would leave the page for a file that is dropped
  const given = [...data.files];
  const picture = given.find(({ type }) => type.startsWith("image/"));
  if (picture) send(picture);
  else if (given.length) say("This is no picture; choose a PNG or JPEG file.");
}

listenInView("dragover", (event) => {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
});
listenInView("drop", (event) => take(event, event.dataTransfer));
listenInView("paste", (event) => take(event, event.clipboardData));

// ---- camera -----------------------------------------------------------------------------------

const REFUSALS = {
  NotAllowedError: "The browser does not allow the camera; allow it, or choose a picture.",
  NotFoundError: "There is no camera here; choose a picture.",
};

async function startCamera() {
  // A phone's own camera is better at it.
  if (matchMedia("(pointer: coarse)").matches) return shot.click();
  if (!navigator.mediaDevices) return say("The camera needs HTTPS; choose a picture.");
  stopCamera();
  const turn = asked;
  try {
    say("");
    const given = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    // While the browser asked, the visitor left the tab, chose a file, or pressed the button again.
    if (turn !== asked || !element.getClientRects().length) return stop(given);
    video.srcObject = stream = given;
    viewfinder.hidden = false;
    await video.play();
  } catch (error) {
    if (turn !== asked) return;
    stopCamera();
    say(REFUSALS[error.name] ?? "The camera could not be used; choose a picture.");
  }
}

function stop(given) {
  for (const track of given?.getTracks() ?? []) track.stop();
}

function stopCamera() {
  asked++;
  stop(stream);
  stream = video.srcObject = null;
  viewfinder.hidden = true;
}

async function takePicture() {
  const picture = await toFile(video, video.videoWidth, video.videoHeight, "image/jpeg");
  send(picture);
}

element.querySelector(".camera").addEventListener("click", startCamera);
element.querySelector(".take").addEventListener("click", takePicture);
element.querySelector(".cancel").addEventListener("click", stopCamera);
watch("value", () => (viewfinder.hidden = !stream)); // the template would hide it
// The camera goes off when the visitor leaves the tab, and whenever else it is not seen.
new ResizeObserver(() => {
  if (stream && video.getClientRects().length === 0) stopCamera();
}).observe(video);
