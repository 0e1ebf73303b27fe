// The test: twenty digits, each digit once in the first ten and once in the second ten.

const PAUSE = 900; // milliseconds after the pen is lifted, until the next digit
let asked = []; // the digits that are still to be written
let timer = 0;

const isWriting = () => asked.length > 0;
const sheet = element.querySelector(".sheet");
const pad = makePad(sheet, { isOpen: isWriting, touched: waitNoLonger, lifted: goOnSoon });
const button = (name) => element.querySelector(`button.${name}`);

function shuffled() {
  const digits = [...Array(10).keys()];
  for (let i = 9; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [digits[i], digits[j]] = [digits[j], digits[i]];
  }
  return digits;
}

function begin() {
  pile.length = 0;
  asked = [...shuffled(), ...shuffled()];
  pad.strokes = [];
  changed();
  refresh();
}

function refresh() {
  const prompt = element.querySelector(".prompt");
  const big = Object.assign(document.createElement("span"), { className: "digit", textContent: asked[0] });
  const count = Object.assign(document.createElement("span"), { className: "count", textContent: `${21 - asked.length} of 20` });
  if (isWriting()) prompt.replaceChildren("Write a ", big, count);
  else prompt.textContent = pile.length ? `${pile.length} digits written` : "Twenty digits, one minute";
  sheet.classList.toggle("off", !isWriting());
  button("start").textContent = pile.length || isWriting() ? "Start again" : "Start";
  button("next").disabled = !isWriting() || pad.strokes.length === 0;
  button("undo").disabled = !isWriting() || (pad.strokes.length === 0 && pile.length === 0);
  for (const name of ["skip", "stop"]) button(name).disabled = !isWriting();
  pad.show();
}

function waitNoLonger() {
  clearTimeout(timer);
}

function goOnSoon() {
  waitNoLonger();
  if (pad.strokes.length) timer = setTimeout(next, PAUSE);
  refresh();
}

function next() {
  waitNoLonger();
  if (!isWriting() || pad.isWriting() || pad.strokes.length === 0) return;
  const written = pad.strokes;
  pad.strokes = [];
  const label = asked.shift();
  keep(label, written);
  refresh();
}

function undo() {
  waitNoLonger();
  if (pad.strokes.length) pad.strokes.pop();
  else if (pile.length) {
    asked.unshift(pile.pop().label);
    changed();
  }
  goOnSoon();
}

function skip() {
  waitNoLonger();
  asked.push(asked.shift());
  pad.strokes = [];
  refresh();
}

function stop() {
  waitNoLonger();
  asked = [];
  pad.strokes = [];
  refresh();
  showScore();
}

for (const [name, act] of Object.entries({ start: begin, next, undo, skip, stop })) {
  button(name).addEventListener("click", act);
}
listen(document, "keydown", (event) => {
  if (!isWriting() || !sheet.checkVisibility() || event.target.closest("button, input, textarea")) return;
  if (event.key === "Enter") next();
  else if (event.key === "Escape") stop();
  else return;
  event.preventDefault();
});

// ---- files ----------------------------------------------------------------------------------------

button("download").addEventListener("click", () => {
  const lines = pile.map(({ label, strokes }) => JSON.stringify({ label, strokes }) + "\n");
  download(new Blob(lines, { type: "application/jsonl" }), "my-digits.jsonl");
});

element.querySelector(".upload input").addEventListener("change", async ({ target }) => {
  const problem = element.querySelector(".problem");
  problem.textContent = "";
  const [file] = target.files;
  if (!file) return;
  try {
    const found = drawingsOf(await file.text());
    stop();
    pile.length = 0;
    pile.push(...found.map(entryOf));
    changed();
    refresh();
  } catch (error) {
    problem.textContent = error.message;
  }
  target.value = "";
});

// Lines such as those that are downloaded; an Error that names the line where one is not.
function drawingsOf(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  if (lines.length === 0) throw new Error("The file holds no drawings.");
  if (lines.length > props.most) throw new Error(`The file holds more than ${props.most} drawings.`);
  return lines.map((line, number) => {
    try {
      const { label, strokes } = JSON.parse(line);
      const isPoint = (point) => point.length === 2 && point.every(Number.isFinite);
      if (!Number.isInteger(label) || label < 0 || label > 9) throw new Error();
      if (!strokes.length || !strokes.every((stroke) => stroke.length && stroke.every(isPoint))) throw new Error();
      return { label, strokes: fitted(strokes) };
    } catch {
      throw new Error(`Line ${number + 1} of the file is not of the form {"label": 7, "strokes": [...]}.`);
    }
  });
}

// Strokes in any unit, as they would lie on the sheet.
function fitted(strokes) {
  const [low, high] = [Math.min, Math.max].map((extreme) =>
    [0, 1].map((axis) => strokes.flat().reduce((found, at) => extreme(found, at[axis]), strokes[0][0][axis])),
  );
  const scale = 800 / (Math.max(high[0] - low[0], high[1] - low[1]) || 1);
  const place = (at, axis) => Math.round((at - (low[axis] + high[axis]) / 2) * scale + 500);
  return strokes.map((stroke) => stroke.map((point) => point.map(place)));
}

restore();
if (pile.length) changed();
refresh();
