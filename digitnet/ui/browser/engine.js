// The models that the browser can run, and all that it takes to run them.

import { run } from "./network.js";
import { preprocessingStages } from "./rendering.js";
import { readSafetensors } from "./safetensors.js";

export { predict } from "./prediction.js";
export { preprocessingStages, run };

const TRIAL = { strokes: [[[300, 200], [700, 200], [450, 850]]], size: 1000, runs: 1 };

const loaded = {}; // {layers, temperature, threshold, tensors}, by recipe and model
const loading = {}; // promises, by recipe

// The page is served where its prefix ends, with or without a slash.
const here = (address) => new URL(address, location.origin + location.pathname.replace(/\/?$/, "/"));

// Fetch the weights of a recipe's models, `models` as `digitnet.ui.browser.serve_engine` makes them;
// once, however many components ask for it.
export function load(models, recipe) {
  loading[recipe] ??= Promise.all(
    Object.entries(models[recipe] ?? {}).map(([model, described]) => add(recipe, model, described)),
  );
  loading[recipe].catch(() => delete loading[recipe]); // so that it is tried again
  return loading[recipe];
}

// Fetch the weights of one model; it replaces another one of that name.
export async function add(recipe, model, described) {
  const response = await fetch(here(described.weights));
  if (!response.ok) return;
  const { tensors } = readSafetensors(await response.arrayBuffer());
  // The browser compiles what has run before: now, between other things, rather than under the pen.
  for (let i = 0; i < TRIAL.runs; i++) {
    await new Promise((done) => setTimeout(done));
    run(described.layers, tensors, preprocessingStages(TRIAL.strokes, TRIAL.size).centred);
  }
  loaded[recipe] = { ...loaded[recipe], [model]: { ...described, tensors } };
}

// A model of any recipe; undefined where it is not here (yet).
export const find = (recipe, model) => loaded[recipe]?.[model] ?? loaded[""]?.[model];
