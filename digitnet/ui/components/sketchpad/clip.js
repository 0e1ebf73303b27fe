// A stroke is a list of points [x, y], whole numbers. What is seen of it lies within 0..SIZE.
const SIZE = 1000; // units across the paper
const STRAIGHT = 1; // units; a point nearer than this to a straight line adds nothing to it

// The part of the segment from `a` to `b` that lies on the paper (Liang and Barsky), or null.
function visible(a, b) {
  let [start, end] = [0, 1];
  for (const axis of [0, 1]) {
    const way = b[axis] - a[axis];
    if (way === 0) {
      if (a[axis] < 0 || a[axis] > SIZE) return null;
      continue;
    }
    const crossings = [-a[axis] / way, (SIZE - a[axis]) / way];
    start = Math.max(start, Math.min(...crossings));
    end = Math.min(end, Math.max(...crossings));
  }
  if (start >= end) return null;
  const at = (share) => a.map((from, axis) => Math.round(from + share * (b[axis] - from)));
  return [at(start), at(end)];
}

// Add what is seen of the segment from `a` to `b` to `strokes`: to the last of them, or as a new
// one where the pen came back to the paper.
function follow(strokes, a, b) {
  const seen = visible(a, b);
  if (!seen) return;
  const [from, to] = seen;
  const same = (one, other) => one[0] === other[0] && one[1] === other[1];
  const last = strokes[strokes.length - 1];
  if (!last || !same(last[last.length - 1], from)) strokes.push([from]);
  if (!same(from, to)) strokes[strokes.length - 1].push(to);
}

// What is seen of a stroke: a list of strokes.
function clip(stroke) {
  const strokes = [];
  follow(strokes, stroke[0], stroke[0]);
  for (let i = 1; i < stroke.length; i++) follow(strokes, stroke[i - 1], stroke[i]);
  return strokes;
}

// Only the points that the stroke's shape needs (Ramer, Douglas and Peucker).
function simplify(stroke) {
  const [first, last] = [stroke[0], stroke[stroke.length - 1]];
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]];
  const length = Math.hypot(dx, dy);
  let [farthest, where] = [STRAIGHT, -1];
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = [stroke[i][0] - first[0], stroke[i][1] - first[1]];
    const distance = length ? Math.abs(x * dy - y * dx) / length : Math.hypot(x, y);
    if (distance > farthest) [farthest, where] = [distance, i];
  }
  if (where < 0) return stroke.length > 1 ? [first, last] : [first];
  return [...simplify(stroke.slice(0, where + 1)).slice(0, -1), ...simplify(stroke.slice(where))];
}
