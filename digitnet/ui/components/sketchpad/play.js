const PLAYING_TIME = 900; // milliseconds in which an example is drawn

function stopPlaying() {
  cancelAnimationFrame(playing);
  playing = 0;
}

// Draw `drawing` as a hand would, in its own time; Undo takes a stroke at a time.
function play(drawing) {
  discard();
  stopPlaying();
  commit(EMPTY);
  const length = drawing.flat().length;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const started = performance.now();
  let whole = 0; // strokes that are in the history
  const frame = (now) => {
    const share = still ? 1 : Math.min((now - started) / PLAYING_TIME, 1);
    let left = Math.max(1, Math.round(share * length));
    const strokes = [];
    for (const stroke of drawing) {
      if (left <= 0) break;
      strokes.push(stroke.slice(0, left));
      left -= stroke.length;
    }
    while (whole < strokes.length - 1) {
      past.push({ strokes: drawing.slice(0, ++whole), image: null });
    }
    state = { strokes, image: null };
    playing = share < 1 ? requestAnimationFrame(frame) : 0;
    changed();
  };
  playing = requestAnimationFrame(frame);
}

for (const button of element.querySelectorAll(".example")) {
  const drawing = [...button.querySelectorAll("polyline")].map((polyline) =>
    [...polyline.points].map(({ x, y }) => [x, y]),
  );
  button.addEventListener("click", () => play(drawing));
}
