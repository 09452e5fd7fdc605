/** Sums up samples of several candidates, each a list of milliseconds under its name; ratios are of medians and of 99th percentiles. */
export function sumUp(samples, reference) {
  const figures = Object.fromEntries(
    Object.entries(samples).map(([name, values]) => [name, { samples: values.length, median: quantile(values, 0.5), p99: quantile(values, 0.99) }]),
  );
  const referenceOf = typeof reference === "string" ? () => reference : (name) => reference[name];
  for (const [name, figure] of Object.entries(figures)) {
    const { median, p99 } = figures[referenceOf(name)];
    figure.ratio = rounded(figure.median / median);
    figure.p99Ratio = rounded(figure.p99 / p99);
  }
  return figures;
}

/** The smallest value that is not less than that part of them. */
function quantile(values, part) {
  const sorted = values.toSorted((one, other) => one - other);
  return rounded(sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)], 3);
}

/** Candidates in an order that begins with another one each time, so that none always follows the same. */
export const rotated = (candidates, round) => candidates.map((_, index) => candidates[(index + round) % candidates.length]);

export const rounded = (value, digits = 2) => Number(value.toFixed(digits));
