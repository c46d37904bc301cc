/* series.js -- what /api/tracker answers, as the series of the memory chart.
 *
 * A type keeps its colour for as long as the page is open, whatever its rank becomes.
 */
import { size, timeNode } from './format.js';
import { element } from './dom.js';
import { typeHref } from './type_link.js';

const COLOURS = 8;
const colours = new Map(); /* key of a type -> variable */

function colourOf({ kind, key }) {
  if (kind !== 'type') return `--series-${kind}`;
  if (!colours.has(key)) colours.set(key, `--series-${(colours.size % COLOURS) + 1}`);
  return colours.get(key);
}

/* What "alive" means in samples, by the kind of heap. */
export const ALIVE = {
  gc: 'What the last collection left, and what was made since: some of that may be dead already',
  malloc: 'Allocated and not freed yet, reachable or not',
};

export const MEMORY_AXES = { y: { format: size, sizes: true } };

/* The data of a TimeChart of ANSWER's samples, stacked. */
export function memorySeries({ series, chart }) {
  return {
    times: chart.unix_ms,
    series: series.map((one, i) => ({
      key: one.key,
      name: one.name,
      type: one.kind === 'type',
      colour: colourOf(one),
      href: one.kind === 'type' ? typeHref(one.name) : null,
      values: chart.bytes[i].map((bytes) => bytes ?? 0),
      kind: 'area',
      stacked: true,
    })),
  };
}

/* Moment INDEX of ANSWER in words.  The layers are what is resident, unless types are not all that. */
export function momentWords({ chart }, index) {
  const sum = chart.bytes.reduce((all, bytes) => all + (bytes[index] ?? 0), 0);
  const resident = chart.resident_bytes[index];
  const description = chart.descriptions[index];
  return [element('b', {}, `Sample ${chart.numbers[index]}`), description ? ` “${description}”` : '', ', ',
    timeNode(chart.unix_ms[index]), sum > resident
      ? `: ${size(resident)} resident of ${size(sum)}: the rest was never written to, or is swapped out`
      : `: ${size(resident)} resident`];
}
