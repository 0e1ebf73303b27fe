// The models that the browser can run, and all that it takes to run them.

import { run } from "./network.js";
import { preprocessingStages } from "./rendering.js";
import { readSafetensors } from "./safetensors.js";

export { predict } from "./prediction.js";
export { preprocessingStages, run };

const TRIAL = [[[300, 200], [700, 200], [450, 850]]]; // a 7, on a canvas of TRIAL_SIZE
const TRIAL_SIZE = 1000;
const RETRY_AFTER = 1000; // milliseconds

const loaded = {}; // {layers, temperature, threshold, tensors}, by recipe and model
const loading = {}; // promises, by recipe

// The page is served where its prefix ends, with or without a slash.
const here = (address) => new URL(address, location.origin + location.pathname.replace(/\/?$/, "/"));

// Fetch the weights of a recipe's models, `models` as `digitnet.ui.browser.serve_engine` makes them;
// once, however many components ask for it.
export function load(models, recipe) {
  if (!loading[recipe]) {
    const all = Object.entries(models[recipe] ?? {});
    loading[recipe] = Promise.all(all.map(([model, described]) => add(recipe, model, described)));
    // So that it is tried again, but not with every movement of the pen.
    loading[recipe].catch(() => setTimeout(() => delete loading[recipe], RETRY_AFTER));
  }
  return loading[recipe];
}

// Fetch the weights of one model; it replaces another one of that name.
export async function add(recipe, model, described) {
  const response = await fetch(here(described.weights));
  if (!response.ok) throw new Error(`${described.weights}: ${response.status}`);
  const { tensors } = readSafetensors(await response.arrayBuffer());
  // The first run is slow, as the browser compiles it: let that not be the visitor's first stroke.
  await new Promise((done) => setTimeout(done)); // after what is waiting to be done
  run(described.layers, tensors, preprocessingStages(TRIAL, TRIAL_SIZE).centred);
  loaded[recipe] = { ...loaded[recipe], [model]: { ...described, tensors } };
}

// A model of any recipe; undefined where it is not here (yet).
export const find = (recipe, model) => loaded[recipe]?.[model] ?? loaded[""]?.[model];
