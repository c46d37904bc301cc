/* type.js -- the page /tracker/type/NAME: all about one type.
 */
import { pageLink } from './api.js';
import { Histogram, TimeChart } from './chart.js';
import { code, element, stamp } from './dom.js';
import { count, plural, size, sizeNode, timeNode } from './format.js';
import { addressLink, deadNode } from './object_node.js';
import { load, startPage } from './page.js';
import { ALIVE } from './series.js';
import { siteNode } from './site.js';
import { Table } from './table.js';
import { inferredFrom, typeLink } from './type_link.js';

const PREFIX = '/tracker/type/';
const encoded = location.pathname.slice(PREFIX.length); /* names hold '/' and '%' */
const path = `/api${PREFIX}${encoded}`;
const DEEPEST = 4; /* indentation of fields stops here */
const SHOWN = 12; /* rows of a short table before "more" */
const at = (id) => document.getElementById(id);
let chart = null;

/* MEANING: what exactly NAME counts. */
function tile(name, value, small, meaning) {
  return element('div', { title: meaning }, element('dt', {}, name),
    element('dd', {}, value, element('small', {}, ...[small ?? '\u00a0'].flat())));
}

/* The first two are of the snapshot, the next two of the samples, which may be later. */
function drawTiles({ type, frame, chart: samples }) {
  const malloced = frame.heap === 'malloc';
  const unknown = 'only with samples';
  const until = samples ? `by sample ${count(samples.numbers.at(-1) ?? 0)}` : unknown;
  const one = type.minimal === type.maximal;
  at('tiles').replaceChildren(
    tile('Reachable', count(type.alive.count), [sizeNode(type.alive.bytes), ' in this snapshot'],
      'Objects that a root leads to, in this snapshot'),
    tile(malloced ? 'Leaked' : 'Garbage', type.garbage.count === 0 ? 'none' : element('a', {
      href: pageLink('/garbage', { type: type.name }),
    }, count(type.garbage.count)), type.garbage.count === 0 ? 'in this snapshot' : [sizeNode(type.garbage.bytes), ' in this snapshot'],
    'Objects that no root leads to, in this snapshot'),
    tile('Made', type.registered ? count(type.registered.count) : '–',
      type.registered ? [sizeNode(type.registered.bytes), ` ${until}`] : unknown,
      'All that were allocated since gcglass began to count, until the last sample'),
    tile(malloced ? 'Freed' : 'Died', type.died ? count(type.died.count) : '–', until,
      malloced ? 'Of those made, and of those there before, how many the program had freed by the last sample'
        : 'Of those made, and of those there before, how many were not alive any more at the last sample: '
          + 'reclaimed by the collector or freed by the program'),
    tile('Average size', type.average === null ? '–' : sizeNode(type.average),
      one ? 'each' : `${size(type.minimal)} to ${size(type.maximal)}`, 'As asked for, without padding'));
}

function words({ type }) {
  const how = [];
  if (type.by_site) how.push('Its type is not known: the place that allocates stands for it.');
  else if (type.inferred) how.push(`Inferred ${inferredFrom(type)}.`);
  if (type.declared_bytes) how.push(`Declared with ${plural(type.declared_bytes, 'byte')}.`);
  return how.join(' ') || 'Named where it is allocated.';
}

/* The first rows of LIST in TABLE, the rest behind a button. */
function fillShort(table, list, rowOf, none) {
  const body = table.tBodies[0];
  const columns = table.tHead.rows[0].cells.length;
  const line = (...content) => element('tr', { class: 'empty' }, element('td', { colspan: columns }, ...content));
  body.className = '';
  body.replaceChildren(...list.slice(0, SHOWN).map(rowOf));
  if (list.length === 0) body.append(line(none));
  if (list.length <= SHOWN) return;
  body.append(line(element('button', {
    type: 'button', onclick: () => body.replaceChildren(...list.map(rowOf)),
  }, `${count(list.length - SHOWN)} more`)));
}

function referentRow(row) {
  const tr = stamp('referent-row', row);
  tr.querySelector('.field').append(code(row.field));
  tr.querySelector('.to').append(typeLink(row.type));
  return tr;
}

function referrerRow(row) {
  const tr = stamp('referrer-row', row);
  if (row.kind === 'root') {
    tr.querySelector('.from').append(element('small', {}, 'root '), element('span', { dir: 'auto' }, row.from));
  } else tr.querySelector('.from').append(typeLink(row.from));
  if (row.field) tr.querySelector('.field').append(code(row.field));
  return tr;
}

function fieldRow(row) {
  const tr = stamp('field-row', row);
  tr.querySelector('.offset').textContent = row.bits ? `${row.offset}:${row.bit_offset}` : row.offset;
  tr.querySelector('.name').append(element('span', { class: `depth-${Math.min(DEEPEST, row.depth)}` },
    code(row.name || '(anonymous)')));
  tr.querySelector('.of').append(code(row.bits ? `${row.type} : ${row.bits}` : row.type));
  return tr;
}

function drawFields(fields) {
  if (fields.length === 0) {
    at('fields').replaceChildren(element('p', { class: 'grey' },
      'Not known: there is no debug information of this type.'));
    return;
  }
  const table = stamp('fields-table');
  fillShort(table.querySelector('table'), fields, fieldRow, '');
  at('fields').replaceChildren(table);
}

function span(from, to) {
  if (to === null || to === undefined) return `${count(from)} or more`;
  return from === to ? count(from) : `${count(from)}–${count(to)}`;
}

/* PLACE: bars of BINS { from, to, count }; without any: NONE. */
function drawBins(place, bins, label, none) {
  if (!bins || bins.every((bin) => bin.count === 0)) {
    place.replaceChildren(element('p', { class: 'none' }, none));
    return;
  }
  const bars = bins.map((bin) => ({
    name: span(bin.from, bin.to),
    value: bin.count,
    words: `${plural(bin.count, 'object')}: ${span(bin.from, bin.to)} `
      + `${bin.to === 1 ? 'collection' : 'collections'}${bin.bytes === undefined ? '' : `, ${size(bin.bytes)}`}`,
  }));
  new Histogram(place, { label, format: count }).show(bars);
}

function drawChart(data) {
  if (!data.chart || data.chart.numbers.length === 0) {
    at('chart').replaceChildren(element('p', { class: 'none' }, 'No samples: the ',
      element('a', { href: pageLink('/tracker') }, 'tracker'), ' takes them.'));
    return;
  }
  const { unix_ms: times, numbers, bytes, count: counts } = data.chart;
  chart ??= new TimeChart(at('chart'), {
    label: 'Bytes and objects of this type that are alive, over time. Arrow keys read one sample.',
    axes: { y: { format: size, sizes: true }, y2: { format: count, counts: true } },
    words: (index) => [element('b', {}, `Sample ${numbers[index]}`), ', ', timeNode(times[index])],
    open: (index) => location.assign(pageLink(`/tracker/samples/${numbers[index]}`)),
  });
  chart.show({
    times,
    series: [
      { key: 'bytes', name: 'Bytes alive', colour: '--series-1', values: bytes, kind: 'area' },
      { key: 'count', name: 'Objects alive', colour: '--series-2', values: counts, kind: 'line', axis: 'y2', dashed: true },
    ],
  });
}

function show(data) {
  document.title = `${data.type.name} – gcglass`;
  document.querySelector('h1.name').replaceChildren(code(data.type.name));
  at('words').textContent = words(data);
  at('alive').title = ALIVE[data.frame.heap] ?? '';
  drawTiles(data);
  drawChart(data);
  fillShort(at('referents'), data.referents, referentRow, 'Points to no object.');
  fillShort(at('referrers'), data.referrers, referrerRow, 'Nothing points to it.');
  drawBins(at('ages'), data.ages, 'Objects by age in collections',
    'Nothing is alive whose birth is known.');
  drawBins(at('deaths'), data.deaths?.map((bin) => ({ from: bin.age_from, to: bin.age_to, count: bin.count })),
    'Dead objects by the age they reached, in collections', data.deaths
      ? 'None has died yet.'
      : 'Not counted: “gcglass run --lifetimes” does, at some cost for each object.');
  at('sites').replaceChildren(...data.sites.map(siteNode));
  if (data.sites.length === 0) at('sites').append(element('li', { class: 'grey' }, 'No place is known.'));
  drawFields(data.fields);
}

function instanceRow(row) {
  const tr = stamp('instance-row', row);
  tr.querySelector('.address').append(addressLink(row.address));
  tr.querySelector('.site').append(row.site_id === 0 ? element('span', { class: 'grey' }, 'not known')
    : element('a', { href: pageLink('/objects', { site: row.site_id }) }, code(row.site)));
  tr.querySelector('.reach').append(row.reachable ? 'yes' : deadNode());
  return tr;
}

const table = new Table(at('instances'), {
  path: `${path}/instances`,
  rowOf: instanceRow,
  empty: () => element('p', {}, 'None is alive in this snapshot.'),
  defaults: { sort: 'bytes', order: 'desc' },
});

document.querySelector('.back').href = pageLink('/types');
startPage(async () => {
  const done = await load(path, {}, show);
  if (done && !document.getElementById('state')) await table.load();
  return done;
});
