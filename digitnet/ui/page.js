// What the keyboard needs beyond what Gradio's components do by themselves. It looks at HTML's and
// ARIA's own words for things only, and leaves alone what a later Gradio does right.
() => {
  const FOCUSABLE = ":is(button, input):not(:disabled, [tabindex='-1']), [tabindex='0']";
  const SETTLED = 250; // milliseconds after a change, until all that belongs to it is there

  // Scroll a strip of tabs, and nothing else, until the selected one is seen.
  let revealed = null;
  function reveal(tab) {
    const list = tab.closest("[role=tablist]");
    const [around, own] = [list.getBoundingClientRect(), tab.getBoundingClientRect()];
    if (own.left < around.left) list.scrollLeft += own.left - around.left;
    if (own.right > around.right) list.scrollLeft += own.right - around.right;
  }

  // Radio buttons are a group by their common name; each tab list has one tab stop.
  function group() {
    for (const fieldset of document.querySelectorAll("fieldset[id]")) {
      for (const radio of fieldset.querySelectorAll("input[type=radio]")) {
        if (radio.name !== fieldset.id) radio.name = fieldset.id;
      }
    }
    for (const tab of document.querySelectorAll("[role=tablist] [role=tab]")) {
      const isSelected = tab.ariaSelected === "true";
      tab.tabIndex = isSelected ? 0 : -1;
      if (isSelected && tab !== revealed) reveal((revealed = tab));
    }
  }

  // The arrow keys move among the tabs; Enter or the space bar opens one.
  document.addEventListener("keydown", (event) => {
    const list = event.target.closest?.("[role=tab]")?.closest("[role=tablist]");
    if (!list || event.ctrlKey || event.altKey || event.metaKey) return;
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    tabs.at(to % tabs.length).focus();
    event.preventDefault();
  });

  // Where the focused element vanishes, as a button that was pressed may, what is next to it gets
  // the focus: it would fall to the top of the page.
  let path = []; // the element that has the focus, and all around it
  let byKeyboard = false;
  document.addEventListener("keydown", () => (byKeyboard = true), true);
  document.addEventListener("pointerdown", () => (byKeyboard = false), true);
  document.addEventListener("focusin", ({ target }) => {
    path = [];
    for (let one = target; one; one = one.parentElement) path.push(one);
  });

  const isShown = (one) => one.isConnected && one.checkVisibility();

  function isLost() {
    const nowhere = path.length > 0 && document.activeElement === document.body;
    return byKeyboard && nowhere && !isShown(path[0]);
  }

  function refocus() {
    if (!isLost()) return;
    for (const around of path.filter(isShown)) {
      const next = [...around.querySelectorAll(FOCUSABLE)].find(isShown);
      if (next) return next.focus();
    }
  }

  let pending = 0;
  function tidySoon() {
    pending ||= requestAnimationFrame(() => {
      pending = 0;
      group();
      if (isLost()) setTimeout(refocus, SETTLED);
    });
  }
  const changes = { childList: true, subtree: true, attributeFilter: ["aria-selected", "name"] };
  new MutationObserver(tidySoon).observe(document.body, changes);
  group();
}
