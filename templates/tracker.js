/* tracker.js -- the page /tracker: memory over time, and the samples it is made of.
 *
 * The chart asks for as many points as it can show, of the range that is zoomed (from and to, the
 * numbers of samples, in the page's address), and again with each new sample.
 */
import { address, get, pageLink } from './api.js';
import { TimeChart } from './chart.js';
import { element, stamp } from './dom.js';
import { count } from './format.js';
import { addKey } from './keys.js';
import { follow } from './live.js';
import { setSampling, standing, startButton, takeSample } from './sampling.js';
import { ALIVE, MEMORY_AXES, memorySeries, momentWords } from './series.js';
import { Table } from './table.js';

const POINTS = 300;
const at = (id) => document.getElementById(id);
let answer = null; /* the last one of /api/tracker */
const ends = { from: null, to: null }; /* the two samples to compare; null: the first, the last */

function query(name) {
  return new URLSearchParams(location.search).get(name);
}

function change(changes) {
  const parameters = { ...Object.fromEntries(new URLSearchParams(location.search)), ...changes };
  history.replaceState(null, '', address(location.pathname, parameters));
}

/* The number of the sample at INDEX of the chart, which may lie outside of what is shown. */
function numberAt(index) {
  const { numbers } = answer.chart;
  const last = numbers.length - 1;
  const inside = Math.max(0, Math.min(last, index));
  const step = last > 0 ? (numbers[last] - numbers[0]) / last : 1;
  const number = Math.round(numbers[inside] + (index - inside) * step);
  return Math.max(answer.first.number, Math.min(answer.last.number, number));
}

function zoom(fromIndex, toIndex) {
  let from = fromIndex === null ? null : numberAt(fromIndex);
  let to = toIndex === null ? null : numberAt(toIndex);
  if (from !== null && from === to) return;
  if (from === answer.first.number && to === answer.last.number) {
    from = null;
    to = null;
  }
  change({ from, to });
  look();
}

const hidden = new Set((query('hide') ?? '').split(',').filter(Boolean).map(decodeURIComponent));
const chart = new TimeChart(at('chart'), {
  label: 'Memory of the process over time, stacked by type and kind. Arrow keys read one sample.',
  axes: MEMORY_AXES,
  words: (index) => momentWords(answer, index),
  zoom,
  open: (index) => location.assign(pageLink(`/tracker/samples/${answer.chart.numbers[index]}`)),
  hidden,
  toggled: () => change({ hide: [...hidden].map(encodeURIComponent).join(',') }),
});

function endNode(row, end, text) {
  const chosen = ends[end] ?? (end === 'from' ? answer?.first : answer?.last)?.number;
  const radio = element('input', {
    type: 'radio', name: end, checked: chosen === row.number,
    'aria-label': `Compare ${text} sample ${row.number}`, title: text,
  });
  radio.addEventListener('change', () => {
    ends[end] = row.number;
    drawCompare();
  });
  return element('label', {}, radio, end);
}

function rowOf(row) {
  const tr = stamp('sample-row', row);
  tr.querySelector('.link').append(element('a', { href: pageLink(`/tracker/samples/${row.number}`) },
    count(row.number)));
  if (row.snapshot) {
    tr.querySelector('.description').append(' ', element('small', {
      title: 'A snapshot was taken at the same time',
    }, 'snapshot'));
  }
  tr.querySelector('.ends').append(element('div', { class: 'sides' },
    endNode(row, 'from', 'from'), endNode(row, 'to', 'to')));
  return tr;
}

const table = new Table(at('samples'), {
  path: '/api/tracker/samples',
  rowOf,
  empty: () => element('p', {}, 'No samples.'),
  defaults: { sort: 'number', order: 'desc' },
  waits: false,
});

function drawCompare() {
  const from = ends.from ?? answer.first.number;
  const to = ends.to ?? answer.last.number;
  const link = at('compare');
  link.hidden = answer.total < 2 || from === to;
  link.href = pageLink('/tracker/difference', { from, to });
  link.textContent = `Compare ${count(from)} with ${count(to)}`;
}

function drawNothing() {
  const text = answer.sampling.possible
    ? 'Nothing sampled yet. A sample counts what is alive by type and place; it neither stops the '
      + 'program nor forces a collection.'
    : 'Nothing was sampled. “gcglass run --record FILE --every 1 -- PROGRAM” keeps samples in a '
      + 'file, “gcglass view FILE” shows them here.';
  at('nothing').replaceChildren(element('p', {}, text),
    ...(answer.sampling.possible ? [startButton(look)] : []));
}

function show(data) {
  const grew = data.total !== answer?.total;
  const drawn = answer?.total > 0;
  answer = data;
  const none = data.total === 0;
  at('nothing').hidden = !none;
  at('over-time').hidden = none;
  at('samples').hidden = none;
  delete at('main').dataset.first;
  for (const header of at('samples').querySelectorAll('[data-sort^=live]')) header.title = ALIVE[data.frame.heap] ?? '';
  delete at('controls').dataset.known;
  at('controls').hidden = !data.sampling.possible;
  at('start').hidden = data.sampling.every_s > 0 || none;
  at('stop-sampling').hidden = !(data.sampling.every_s > 0);
  at('whole').disabled = query('from') === null && query('to') === null;
  if (none) {
    if (!at('nothing').firstChild) drawNothing();
    return;
  }
  chart.show(memorySeries(data));
  drawCompare();
  if (!drawn) table.load();
  else if (grew) table.refresh();
}

const look = follow(async () => {
  const data = await get('/api/tracker', { points: POINTS, from: query('from'), to: query('to') });
  show(data);
  return standing(data);
}, at('standing'));

at('start').addEventListener('click', async () => { if (await setSampling(1)) look(); });
at('stop-sampling').addEventListener('click', async () => { if (await setSampling(0)) look(); });
at('take-sample').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = event.target.elements.description;
  if (!await takeSample(field.value.trim())) return;
  field.value = '';
  look();
});
at('whole').addEventListener('click', () => zoom(null, null));
at('only-types').addEventListener('click', () => chart.pick((one) => one.type));
at('all-series').addEventListener('click', () => chart.pick(() => true));
window.addEventListener('popstate', () => look());
addKey('c', 'To the chart (tracker)', () => chart.canvas.focus());
