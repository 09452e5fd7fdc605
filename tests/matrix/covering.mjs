/**
 * Rows in which every combination of values of any `strength` factors occurs at least once: two make all pairs. Greedy and
 * deterministic: each row takes a combination that is still open and fills the rest with what covers most of the others.
 *
 * @param {Record<string, string[]>} factors
 */
export function covering(factors, strength = 2) {
  const names = Object.keys(factors);
  const groups = subsets(names, strength);
  const open = new Set(groups.flatMap((group) => products(group.map((name) => factors[name])).map((values) => keyOf(group, values))));
  const rows = [];
  while (open.size > 0) {
    const row = Object.fromEntries(JSON.parse(open.values().next().value));
    for (const name of names) {
      if (Object.hasOwn(row, name)) continue;
      const gain = (value) => {
        const tried = { ...row, [name]: value };
        return groups.filter((group) => group.includes(name) && group.every((each) => Object.hasOwn(tried, each)) && open.has(keyIn(tried, group))).length;
      };
      // Of equal ones another in each row, so that values without an open combination are spread as well.
      const turned = factors[name].map((_, index, values) => values[(index + rows.length) % values.length]);
      row[name] = turned.reduce((best, value) => (gain(value) > gain(best) ? value : best));
    }
    for (const group of groups) open.delete(keyIn(row, group));
    rows.push(Object.fromEntries(names.map((name) => [name, row[name]])));
  }
  return rows;
}

const keyOf = (group, values) => JSON.stringify(group.map((name, index) => [name, values[index]]));
const keyIn = (row, group) => keyOf(group, group.map((name) => row[name]));

function subsets(items, size) {
  if (size === 0) return [[]];
  return items.flatMap((item, index) => subsets(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]));
}

function products(lists) {
  return lists.reduce((all, list) => all.flatMap((head) => list.map((value) => [...head, value])), [[]]);
}
