const QUIET = 600; // milliseconds without another answer, until a screen reader is told
const PATIENCE = 2000; // milliseconds without an answer, until the page says so

let waiting = 0; // the timer of the first question without an answer
let settling = 0; // the timer until the answer is read out
let penDown = false;
let told = "";

function listen(type, handle) {
  window.addEventListener(type, function on(event) {
    if (element.isConnected) handle(event);
    else window.removeEventListener(type, on);
  });
}

// ---- no answer: what is shown is about something else -------------------------------------------

listen("digitnet:asked", () => {
  waiting ||= setTimeout(() => {
    element.querySelector(".answer").classList.add("stale");
    element.querySelector(".late").hidden = false;
    tellSoon();
  }, PATIENCE);
});

// The template, rendered anew, takes both marks away.
watch("value", () => {
  clearTimeout(waiting);
  waiting = 0;
  tellSoon();
});

// ---- for screen readers: one text after the pen, not one for each of its movements --------------

function tellSoon() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    if (penDown) return; // another answer comes when it is lifted
    const shown = [".says", ".late", ".disagreement"].map((one) => element.querySelector(one));
    const text = shown.map((one) => (one.checkVisibility() ? one.innerText : "")).join(" ").trim();
    if (text !== told) element.querySelector(".spoken").textContent = told = text;
  }, QUIET);
}

listen("pointerdown", () => (penDown = true));
for (const end of ["pointerup", "pointercancel"]) {
  listen(end, () => {
    penDown = false;
    tellSoon();
  });
}
