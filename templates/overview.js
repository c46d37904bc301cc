/* overview.js -- the page /: what is wrong, then the figures behind it.
 *
 * Follows the newest snapshot: frame.js looks every 2 s and says so by its "snapshot" event.  The
 * memory chart and the trends follow the samples of the last ten minutes.
 */
import { chosenSnapshot, get, pageLink } from './api.js';
import { Sparkline, TimeChart } from './chart.js';
import { element, fill, stamp } from './dom.js';
import { age, count, duration, formats, plural, size } from './format.js';
import { follow } from './live.js';
import { load } from './page.js';
import { standing, startButton } from './sampling.js';
import { MEMORY_AXES, memorySeries, momentWords } from './series.js';
import { typeLink } from './type_link.js';

const POINTS = 120;
const TREND_TYPES = 16;
const SHOWN_MS = 10 * 60 * 1000;

const main = document.querySelector('main');
const findings = document.getElementById('findings');
let shownId = null;
let samples = null; /* the last answer of /api/tracker */
let memory = null;
let collections = null;
let from = null; /* the number of the first sample shown; null: all */

/* A local path of the server's keeps the chosen snapshot; anything else is no link. */
function localLink(href) {
  if (!href || !href.startsWith('/') || href.startsWith('//')) return null;
  const url = new URL(href, location.origin);
  const exact = /^\/garbage\/\d+$/.test(url.pathname);
  return pageLink(url.pathname, Object.fromEntries(url.searchParams), exact) + url.hash;
}

function findingNode(finding) {
  const link = localLink(finding.href);
  return element('li', { class: finding.severity },
    element('span', { class: 'mark', role: 'img', 'aria-label': finding.severity },
      finding.severity === 'warning' ? '⚠' : 'i'),
    link ? element('a', { href: link, dir: 'auto' }, finding.text)
      : element('span', { dir: 'auto' }, finding.text));
}

function showFindings(data) {
  if (data.findings.length > 0) {
    findings.replaceChildren(...data.findings.map(findingNode));
    return;
  }
  const { count: objects, bytes } = data.objects;
  findings.replaceChildren(element('li', { class: 'fine' }, element('span', { class: 'mark' }, '✓'),
    element('span', {}, `Nothing looks wrong. There ${objects === 1 ? 'is' : 'are'} ${plural(objects, 'object')} (${size(bytes)}).`)));
}

function typeRow(row) {
  const tr = stamp('type-row', row);
  tr.dataset.name = row.name;
  tr.querySelector('.type').append(typeLink(row.name));
  return tr;
}

/* Where the samples know a type, its row shows how it went. */
function drawTrends() {
  for (const tr of main.querySelectorAll('#top-types tbody tr[data-name]')) {
    const i = samples?.series.findIndex((one) => one.kind === 'type' && one.name === tr.dataset.name) ?? -1;
    const values = i < 0 ? [] : samples.chart.bytes[i].map((bytes) => bytes ?? 0);
    const place = tr.querySelector('.trend');
    if (values.length < 2) {
      place.replaceChildren('–');
      continue;
    }
    const change = values.at(-1) - values[0];
    const text = change === 0 ? 'unchanged' : formats.sizeChange(change);
    place.sparkline ??= new Sparkline(place, `${tr.dataset.name} over time`);
    place.replaceChildren(place.sparkline.box, element('span', { class: change > 0 ? 'grew' : 'grey' }, text));
    place.sparkline.show(values);
  }
}

function drawMemory() {
  const place = document.getElementById('memory');
  if (samples.total === 0) {
    const { possible } = samples.sampling;
    place.replaceChildren(element('div', { class: 'start' },
      element('p', {}, possible ? 'Nothing sampled yet.' : 'Nothing was sampled.'),
      possible ? startButton(look) : null));
    return;
  }
  memory ??= new TimeChart(place, {
    label: 'Memory of the process over time, stacked. Arrow keys read one sample.',
    axes: MEMORY_AXES,
    words: (index) => momentWords(samples, index),
    open: (index) => location.assign(pageLink(`/tracker/samples/${samples.chart.numbers[index]}`)),
  });
  memory.show(memorySeries(fold(samples)));
}

/* The chart here is small: types after the fifth go together. */
function fold(answer) {
  const kept = answer.series.filter((one) => one.kind === 'type').slice(0, 5);
  const rest = answer.series.findIndex((one) => one.kind === 'types');
  const folds = (one) => one.kind === 'types' || (one.kind === 'type' && !kept.includes(one));
  const sum = answer.chart.numbers.map((_, point) => answer.series.reduce(
    (all, one, i) => all + (folds(one) ? answer.chart.bytes[i][point] ?? 0 : 0), 0));
  const list = answer.series.map((one, i) => ({ one, bytes: answer.chart.bytes[i] }));
  const other = { one: answer.series[rest] ?? { key: 'types', name: 'Other types', kind: 'types' }, bytes: sum };
  const shown = [...list.filter(({ one }) => kept.includes(one)),
    ...(answer.series.some(folds) ? [other] : []),
    ...list.filter(({ one }) => !kept.includes(one) && !folds(one))];
  return {
    series: shown.map(({ one }) => one),
    chart: { ...answer.chart, bytes: shown.map(({ bytes }) => bytes) },
  };
}

/* The number of the first sample of the last ten minutes, as far as the last answer shows. */
function recent() {
  if (!samples?.total) return null;
  const { unix_ms: times, numbers } = samples.chart;
  const first = times.findIndex((time) => time >= samples.last.unix_ms - SHOWN_MS);
  return first > 0 ? numbers[first] : from;
}

const look = follow(async () => {
  from = recent();
  samples = await get('/api/tracker', { points: POINTS, types: TREND_TYPES, from });
  drawMemory();
  drawTrends();
  return standing(samples);
}, document.getElementById('standing'));

/* Of the snapshot's own collection it is not known yet what it gives back. */
function isOwn(one, { frame, capture }) {
  return capture.gc_mark_ns > 0 && one.number === frame.snapshot.collection;
}

/* ONE of DATA's collections.  Blocks that are not free hold what is live, what has not been swept, and
   gaps.  What is live is not counted at each collection; snapshots of earlier versions lack it. */
function collectionWords(one, data) {
  const own = isOwn(one, data);
  const when = own ? 'the snapshot’s own' : `${age(-one.at_ms / 1000)} before the snapshot`;
  const live = one.live_bytes ?? (own ? data.reachable.bytes : null);
  const parts = [live === null ? null : `${size(live)} live`,
    own ? null : `${size(one.heap_bytes - one.free_bytes)} in blocks not free`];
  return `Collection ${count(one.number)}, ${when}: ${parts.filter((part) => part !== null).join(', ')}`
    + ` of ${size(one.heap_bytes)}, pause ${duration(one.pause_ns)}`
    + (one.mark_ns ? `, of it marking ${duration(one.mark_ns)}` : '');
}

function drawCollections(data) {
  const { collections: list, frame } = data;
  const place = document.getElementById('chart');
  if (list.length < 2) {
    place.replaceChildren(element('p', { class: 'none' }, list.length === 1 ? `${collectionWords(list[0], data)}.`
      : 'No collection yet. The first one begins this chart.'));
    collections = null;
    return;
  }
  const sorted = [...list].sort((a, b) => a.at_ms - b.at_ms || a.number - b.number);
  const used = (one) => (isOwn(one, data) ? null : one.heap_bytes - one.free_bytes);
  collections ??= new TimeChart(place, {
    label: `Heap after each of the last ${list.length} collections, and their pauses. Arrow keys read one.`,
    axes: { y: { format: (bytes) => (bytes === null ? '–' : size(bytes)), sizes: true }, y2: { format: duration } },
    words: (index) => collectionWords(collections.rows[index], collections.answer),
  });
  collections.rows = sorted;
  collections.answer = data;
  collections.show({
    times: sorted.map((one) => frame.snapshot.taken_unix_ms + one.at_ms),
    series: [
      { key: 'live', name: 'Live', colour: '--accent', kind: 'area', sparse: true, values: sorted.map((one) => one.live_bytes) },
      { key: 'used', name: 'Blocks not free', colour: '--series-3', kind: 'line', values: sorted.map(used) },
      { key: 'heap', name: 'Heap size', colour: '--grey', kind: 'line', dashed: true, values: sorted.map((one) => one.heap_bytes) },
      { key: 'pause', name: 'Pause', colour: '--warn', kind: 'bars', axis: 'y2', values: sorted.map((one) => one.pause_ns) },
    ],
  });
}

/* VERDICTS: null when the collector's marks were not compared with gcglass's own trace. */
function showVerdicts(verdicts) {
  for (const part of document.querySelectorAll('.verdicts')) part.hidden = verdicts === null;
  if (verdicts === null) return;
  document.getElementById('differences').textContent
    = `${count(verdicts.marked_only + verdicts.reached_only)} of ${count(verdicts.compared)}`;
}

function show(data) {
  shownId = data.frame.snapshot.id;
  delete main.dataset.first;
  showFindings(data);
  fill(main, data);
  main.querySelector('#top-types tbody').replaceChildren(...data.types.map(typeRow));
  document.getElementById('in-place').hidden = !data.capture.in_place;
  for (const part of document.querySelectorAll('.own-marking'))
    part.hidden = data.capture.gc_mark_ns === 0;
  showVerdicts(data.capture.verdicts);
  drawTrends();
  drawCollections(data);
}

const loadNow = () => load('/api/overview', {}, show, { pin: false });

document.addEventListener('snapshot', (event) => {
  const followed = chosenSnapshot() === null || shownId === null;
  if (followed && event.detail.snapshot && event.detail.snapshot.id !== shownId) loadNow();
});
loadNow();
