// What the models read of the drawings: all in the browser.

let engine = null; // digitnet/ui/browser/engine.js
const pile = []; // the drawings, as `entryOf` makes them
// What is chosen now: the tab is made when it is opened first.
const checked = (group) => document.querySelector(`#${group} input:checked`)?.value;
let chosen = { model: checked("model"), recipe: checked("recipe") };

async function loadEngine() {
  const loading = await importEngine();
  const { models } = props.engine;
  await Promise.all(Object.keys(models).map((recipe) => loading.load(models, recipe)));
  engine = loading;
  showScore();
}
loadEngine().catch(() => {
  element.querySelector(".problem").textContent = "The networks could not be loaded; reload the page.";
});

// [recipe, model] of all, the visitor's own last.
function readers() {
  const known = Object.entries(props.engine.models).flatMap(([recipe, models]) =>
    Object.keys(models).map((model) => [recipe, model]),
  );
  return engine.find("", "yours") ? [...known, ["", "yours"]] : known;
}

function read({ strokes, image }, recipe, model) {
  const found = engine.find(recipe, model);
  const seen = (image.pixels ??= engine.preprocessingStages(strokes, SIDE)?.centred);
  if (!seen) return null;
  const values = engine.run(found.layers, found.tensors, seen);
  return engine.predict(values[values.length - 1].data, found).answer;
}

// Each drawing's answer by that model, computed once.
function answersOf(recipe, model) {
  const name = `${recipe}/${model}`;
  return pile.map((drawing) => {
    drawing.answers[name] ??= { is: read(drawing, recipe, model) };
    return drawing.answers[name].is;
  });
}

function showScore() {
  if (!engine) return;
  const rows = readers().map(([recipe, model]) => {
    const answers = answersOf(recipe, model);
    const right = pile.filter(({ label }, i) => answers[i] === label).length;
    const mistaken = pile.flatMap(({ label }, i) => (answers[i] === label ? [] : `${label} → ${answers[i] ?? "?"}`));
    return { recipe, model, answers, right, mistaken };
  });
  const isChosen = ({ recipe, model }) => model === chosen.model && (recipe === chosen.recipe || recipe === "");
  element.querySelector(".score tbody").replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement("tr");
      line.className = isChosen(row) ? "chosen" : "";
      line.dataset.model = row.model;
      line.dataset.recipe = row.recipe;
      const cells = [row.model, props.labels[row.recipe] ?? "by you", pile.length ? `${row.right} of ${pile.length}` : "–", row.mistaken.join(", ")];
      cells.forEach((text, i) => {
        const cell = document.createElement(i === 0 ? "th" : "td");
        if (i === 0) cell.scope = "row";
        if (i === 2) cell.className = "number";
        cell.textContent = text;
        line.append(cell);
      });
      return line;
    }),
  );
  const shown = rows.find(isChosen) ?? rows[rows.length - 1];
  showTiles(shown?.answers ?? []);
  if (shown) showVerdict(rows, shown);
  else element.querySelector(".verdict").textContent = "There is no model here that the browser can run.";
}

function showTiles(answers) {
  element.querySelector(".tiles").replaceChildren(
    ...pile.map(({ label, strokes }, i) => {
      const tile = document.createElement("li");
      const isRight = answers[i] === label;
      tile.className = isRight ? "right" : "wrong";
      const picture = document.createElementNS(SVG, "svg");
      picture.setAttribute("viewBox", "-40 -40 1080 1080");
      picture.setAttribute("aria-hidden", "true");
      picture.append(...strokes.map(polylineOf));
      const caption = document.createElement("span");
      caption.textContent = isRight ? `✓ ${label}` : `✗ ${label} → ${answers[i] ?? "?"}`;
      tile.append(picture, caption);
      return tile;
    }),
  );
}

// One sentence that a person would repeat, once all is written.
function showVerdict(rows, shown) {
  const verdict = element.querySelector(".verdict");
  if (isWriting() || pile.length === 0) {
    verdict.textContent = "";
    return;
  }
  const others = rows.filter(({ recipe, model }) => recipe === shown.recipe && model !== shown.model);
  const least = others.toSorted((a, b) => a.right - b.right)[0];
  const compared = least ? `; ${least.model} reads ${least.right}` : "";
  const hard = [...new Set(pile.filter(({ label }, i) => shown.answers[i] !== label).map(({ label }) => label))];
  const what = hard.length ? ` It finds your ${hard.sort().join(", ")} hard.` : "";
  verdict.textContent = `${shown.model} reads ${shown.right} of your ${pile.length} digits${compared}.${what}`;
}

// A drawing; `image` and `answers` hold what was computed of it.
const entryOf = ({ label, strokes }) => ({ label, strokes, image: {}, answers: {} });

function keep(label, strokes) {
  pile.push(entryOf({ label, strokes }));
  changed();
}

// Take what was kept before: in an earlier test, or by a correction in the tab Draw.
function restore() {
  try {
    pile.push(...JSON.parse(sessionStorage.getItem(PILE) ?? "[]").map(entryOf));
  } catch {}
}

function store() {
  try {
    sessionStorage.setItem(PILE, JSON.stringify(props.value));
  } catch {} // it may be forbidden in a page within another one
}

// The server gets the drawings only when they are taught.
function changed() {
  element.querySelector(".download").disabled = pile.length === 0;
  props.value = pile.map(({ label, strokes }) => ({ label, strokes }));
  store();
  trigger("change");
  showScore();
}

listen(window, "digitnet:chosen", ({ detail }) => {
  chosen = { ...chosen, ...detail };
  showScore();
});
listen(window, "digitnet:corrected", () => {
  pile.length = 0;
  restore();
  changed();
  refresh();
});
listen(window, "digitnet:trained", () => {
  for (const drawing of pile) delete drawing.answers["/yours"];
  showScore();
});
