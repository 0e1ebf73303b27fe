// Logits to a prediction, as digitnet/classifier.py makes it.

// {digit, answer, probabilities, score} of logits: `answer` is null where it does not look like a
// digit, by the score.
export function predict(logits, { temperature, threshold }) {
  const largest = Math.max(...logits);
  const digit = logits.indexOf(largest);
  const exponentials = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const total = exponentials.reduce((sum, one) => sum + one, 0);
  const sum = logits.reduce((found, logit) => found + Math.exp(logit - largest), 0);
  const score = 1 / (1 + Math.exp(-(largest + Math.log(sum)))); // `digitnet.calibration.digit_score`
  return {
    digit,
    answer: score >= threshold ? digit : null,
    score,
    probabilities: exponentials.map((one) => one / total),
  };
}
