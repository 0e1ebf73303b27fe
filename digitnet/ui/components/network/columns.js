// The columns of the picture, made of a network's layers. Each shows one array of values:
//
//   kind     "image", "maps", "units" or "answers"
//   layer    the number of the convolution or linear layer that computes it; none for the image
//   shown    the number of the values that are shown, among those that the engine returns
//   padding, pool, relu    of the layers from the column before to this one

function columnsOf(layers) {
  const columns = [{ kind: "image", shown: 0 }];
  layers.forEach(({ kind, padding, size }, layer) => {
    const last = columns[columns.length - 1];
    if (kind === "flatten") return;
    if (kind === "relu" || kind === "pool") {
      last.relu ||= kind === "relu";
      last.pool *= size ?? 1;
    } else {
      columns.push({ kind: kind === "conv" ? "maps" : "units", layer, padding, pool: 1 });
    }
    columns[columns.length - 1].shown = layer + 1;
  });
  columns[columns.length - 1].kind = "answers";
  return columns;
}

// Of the values of one column: how many parts there are, and the height and width of each.
function sizesOf({ shape }) {
  const [parts, height = 1, width = 1] = shape;
  return { parts, height, width };
}

// Where the values of a part come from: [top, left, bottom, right] of `column` in the column before.
function sourceOf(column, sizes, [top, left, bottom, right], weight) {
  const [kernel] = weight.shape.slice(-1);
  const first = (at) => at * column.pool - column.padding;
  const last = (at) => at * column.pool + column.pool - 1 - column.padding + kernel - 1;
  const within = (at, size) => Math.min(Math.max(at, 0), size - 1);
  return [
    within(first(top), sizes.height),
    within(first(left), sizes.width),
    within(last(bottom), sizes.height),
    within(last(right), sizes.width),
  ];
}

const PLAIN = { image: "your ink", maps: "patterns in it", units: "templates", answers: "ten answers" };

// What is above a column: in plain words, in the field's terms, and the shape of the values.
function captionsOf(columns, number, values) {
  const column = columns[number];
  const { parts, height, width } = sizesOf(values[column.shown]);
  const plain = column.kind === "maps" && number > 1 ? "patterns of patterns" : PLAIN[column.kind];
  const size = column.kind === "image" || column.kind === "maps" ? ` × ${height} × ${width}` : "";
  return { plain, term: termOf(column), shape: `${parts}${size}`, sum: sumOf(columns, number, values) };
}

function termOf({ kind, relu, pool, layer }) {
  if (kind === "image") return "input";
  const names = [kind === "maps" ? "convolution" : "linear layer"];
  if (relu) names.push("ReLU");
  if (pool > 1) names.push("max-pooling");
  if (kind === "answers") names.push("softmax");
  return names.join(", ");
}

// How the side of a map follows from that of the column before.
function sumOf(columns, number, values) {
  const column = columns[number];
  if (column.kind !== "maps") return "";
  const before = sizesOf(values[columns[number - 1].shown]).height;
  const computed = sizesOf(values[column.layer + 1]).height;
  const kernel = before + 2 * column.padding - computed + 1;
  const sum = `${before} + 2·${column.padding} − ${kernel} + 1 = ${computed}`;
  const halved = Math.floor(computed / column.pool);
  return column.pool > 1 ? `${sum}, ${computed} ÷ ${column.pool} = ${halved}` : sum;
}
