const QUIET = 600; // milliseconds without another answer, until it is announced
const LATE = 2000; // milliseconds without an answer, until the page shows that it is late

let waiting = 0; // the timer of the first drawing without an answer
let settling = 0; // the timer until the answer is announced
let penDown = false;
let announced = "";

// ---- no answer yet: what is shown belongs to an earlier drawing -----------------------------------

listen(window, "digitnet:asked", () => {
  waiting ||= setTimeout(() => {
    waiting = 0;
    element.querySelector(".answer").classList.toggle("stale", !preview);
    element.querySelector(".late").hidden = false;
    announceSoon();
  }, LATE);
});

// The template is rendered again, without both marks.
watch("value", () => {
  clearTimeout(waiting);
  waiting = 0;
  announceSoon();
});

// ---- for screen readers: one text after each stroke, not one for each movement -------------------

function announceSoon() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    if (penDown || waiting) return; // another answer comes
    window.dispatchEvent(new CustomEvent("digitnet:settled", { detail: preview ?? props.value }));
    const shown = [".sentence", ".late", ".disagreement"].map((one) => element.querySelector(one));
    const text = shown.map((one) => (one.checkVisibility() ? one.innerText : "")).join(" ").trim();
    if (text !== announced) element.querySelector(".spoken").textContent = announced = text;
  }, QUIET);
}

listen(window, "pointerdown", () => (penDown = true));
for (const end of ["pointerup", "pointercancel"]) {
  listen(window, end, () => {
    penDown = false;
    announceSoon();
  });
}
