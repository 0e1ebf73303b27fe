// A preview to the page. Gradio compiles the whole template whenever the value changes, which takes
// longer than the networks do; so where the same elements show another drawing, only they change.

function present(data) {
  if (!isOfOneDigit(props.value, data)) {
    props.value = data;
    return;
  }
  const one = (selector) => element.querySelector(selector);
  one(".answer").classList.remove("stale");
  one(".late").hidden = true;
  presentDigit(one(".main .digit"), one(".sentence"), data);
  one(".seen img").src = data.image;
  one(".bars").classList.toggle("rejected", data.rejected);
  each(".bars li", data.bars, (bar, { percent, best }) => {
    bar.classList.toggle("best", best);
    bar.querySelector(".fill").style.width = `${percent}%`;
    write(bar.querySelector(".percent"), `${percent} %`);
  });
  if (!data.no_digit.guesses) {
    one(".no-digit .fill").style.width = `${data.no_digit.percent}%`;
    write(one(".no-digit .share"), `${data.no_digit.percent} %`);
  }
  each(".card", data.models, presentCard);
  write(one(".disagreement"), data.disagreement ? "The models disagree about this drawing." : "");
  write(one(".where"), "By your browser, while you draw");
  each(".stages li", data.stages, (stage, { image }) => (stage.querySelector("img").src = image));
}

// Whether the template has made the same elements for what is shown as it would for `data`.
function isOfOneDigit(shown, data) {
  const isOne = !(shown.blank || shown.several || shown.problem || shown.nothing || shown.reading);
  const isSame = ["model", "recipe"].every((name) => shown[name] === data[name]);
  const seen = ({ stages }) => stages.findIndex((stage) => stage.seen);
  const isAsLong = shown.models?.length === data.models.length;
  return isOne && isSame && isAsLong && shown.bars?.length > 0 && seen(shown) === seen(data);
}

function presentDigit(digit, sentence, { rejected, digit: predicted, model, percent }) {
  write(digit, rejected ? "?" : predicted);
  digit.className = rejected ? "digit none" : "digit";
  digit.dataset.digit = rejected ? "" : predicted;
  const name = Object.assign(document.createElement("b"), { textContent: model });
  const share = Object.assign(document.createElement("span"), { className: "percent", textContent: percent });
  sentence.replaceChildren(
    ...(rejected ? ["That doesn't look like a digit to ", name] : [name, ` predicts ${predicted}, `, share]),
  );
}

function presentCard(card, { predicted, rejected, percent, agrees, milliseconds }) {
  card.classList.toggle("agrees", agrees);
  card.classList.toggle("disagrees", !agrees);
  card.dataset.digit = rejected ? "" : predicted;
  write(card.querySelector(".prediction"), predicted);
  write(card.querySelector(".percent"), rejected ? "not a digit" : percent);
  card.querySelector(".differs").hidden = agrees;
  write(card.querySelector(".time"), `${milliseconds} ms`);
}

function each(selector, data, change) {
  element.querySelectorAll(selector).forEach((found, number) => change(found, data[number]));
}

function write(found, text) {
  if (found.textContent !== String(text)) found.textContent = text;
}
