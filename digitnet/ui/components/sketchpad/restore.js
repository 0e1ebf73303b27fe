// Links, and what the browser kept.

function setHash(hash) {
  history.replaceState(history.state, "", location.pathname + location.search + hash);
}

// The address shows something else than the page now.
function leaveLink() {
  if (decode(location.hash.slice(1))) setHash("");
}

copyButton.addEventListener("click", async () => {
  const { tab, ...rest } = chosen;
  const link = location.origin + location.pathname + "#" + encode(valueOf(state), rest);
  try {
    await navigator.clipboard.writeText(link);
    status.textContent = "Link copied: whoever opens it sees this, and the same answer.";
  } catch {
    // Without HTTPS, or within another page, a page may not write there.
    status.textContent = "Copy this link: whoever opens it sees this, and the same answer.";
    linkField.value = link;
    linkField.hidden = false;
    linkField.select();
  }
});

// Put strokes or an image {value, url} on the paper; Undo takes a stroke at a time.
function lay(strokes, image) {
  discard();
  stopPlaying();
  if (!isEmpty(state) || image || strokes.length) commit({ strokes: [], image });
  for (let i = 1; i <= strokes.length; i++) {
    if (i > 1) past.push(state);
    state = { strokes: strokes.slice(0, i), image: null };
  }
  show();
  store();
}

// Show what a link or the storage holds. The server sets what is chosen, and gives the picture.
function open(kept) {
  if (!kept) return;
  const { value } = kept;
  const image = Array.isArray(value) ? null : { value, url: null };
  const choice = { tab: "draw", ...kept.chosen }; // a link opens where one draws
  chosen = { ...chosen, ...choice };
  lay(image ? [] : value, image);
  props.value = valueOf(state);
  trigger("apply", { ...choice, test_image: value.test_image ?? null });
}

const keptAtStart = decode(location.hash.slice(1)) ?? stored();
requestAnimationFrame(() => open(keptAtStart)); // the page sets its first values before
listen(window, "hashchange", () => open(decode(location.hash.slice(1))));
listen(window, "digitnet:restored", send);

listen(window, "digitnet:chosen", ({ detail }) => {
  if (Object.entries(detail).every(([name, value]) => chosen[name] === String(value))) return;
  for (const [name, value] of Object.entries(detail)) chosen[name] = String(value);
  isAnsweredHere();
  store();
  leaveLink();
});

// A drawing or an image that comes from the server: a test image, or a picture {picture: url, outlines}.
watch("value", () => {
  const { test_image, picture: url, outlines } = props.value ?? [];
  if (!url) {
    lay(props.value ?? [], null);
    return requestAnimationFrame(send);
  }
  const isPicture = test_image === undefined;
  const image = { value: isPicture ? { picture: true } : { test_image }, url, outlines };
  if (!isPicture && state.image?.value.test_image === test_image) {
    state = { strokes: [], image };
    return show();
  }
  lay([], image);
  if (isPicture) props.value = valueOf(state); // its answer has come with it
  else sendSoon();
});
