// What lies on the paper and what is chosen, as the text of a link and of the browser's storage:
// `drawing` or `image`, and the names and values of what is chosen, as in a query.
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; // of base 64
const OFFSET = 1024; // added to a coordinate: in older links strokes may leave the paper a little

function encode(value, chosen) {
  const content =
    value.test_image === undefined
      ? { drawing: letters(Array.isArray(value) ? value : []) } // a picture is not kept
      : { image: value.test_image };
  return new URLSearchParams({ ...content, ...chosen }).toString();
}

// {value, chosen} of such a text; null where it holds neither a drawing nor an image.
function decode(text) {
  const { drawing, image, ...chosen } = Object.fromEntries(new URLSearchParams(text));
  if (/^\d{1,6}$/.test(image)) return { value: { test_image: Number(image) }, chosen };
  const strokes = drawing === undefined ? null : strokesOf(drawing);
  return strokes && { value: strokes, chosen };
}

// Two letters a coordinate, a dot between strokes.
function letters(strokes) {
  const pair = (number) => DIGITS[(number + OFFSET) >> 6] + DIGITS[(number + OFFSET) & 63];
  return strokes.map((stroke) => stroke.flat().map(pair).join("")).join(".");
}

// The strokes of `text`, or null where it is none of `letters`.
function strokesOf(text) {
  if (text === "") return [];
  if (!/^([\w-]{4})+(\.([\w-]{4})+)*$/.test(text)) return null;
  const number = (pair) => DIGITS.indexOf(pair[0]) * 64 + DIGITS.indexOf(pair[1]) - OFFSET;
  const point = (four) => [number(four.slice(0, 2)), number(four.slice(2))];
  return text.split(".").flatMap((stroke) => clip(stroke.match(/.{4}/g).map(point)));
}
