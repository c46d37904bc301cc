/* garbage.js -- the page /garbage: what nothing reaches any more, by kind and by component.
 */
import { pageLink } from './api.js';
import { element, fill, stamp } from './dom.js';
import { count, every, plural, size } from './format.js';
import { addressLink } from './object_node.js';
import { startPage } from './page.js';
import { Table } from './table.js';
import { typeLink } from './type_link.js';
import { verdictNode } from './verdict.js';

const words = document.getElementById('words');
const lookedAt = document.getElementById('looked-at');

/* Of malloc's blocks nothing is ever reclaimed: garbage is leaked. */
function sayMalloc() {
  document.getElementById('intro').textContent = 'Blocks of malloc that no root leads to any more, in connected '
    + 'groups: they are leaked, since the program has no pointer left to free them by. A group with a cycle is one '
    + 'that reference counting would not free either.';
}

function showSummary({ summary, frame }) {
  const unfreed = summary.leaked;
  if (frame.heap === 'malloc') sayMalloc();
  const cyclesText = unfreed.count > 0
    ? `${plural(unfreed.count, 'object')} (${size(unfreed.bytes)}) of it will never be freed.`
    : 'The collector reclaims all of it.';
  words.textContent = summary.components === 0
    ? 'No garbage.'
    : `${plural(summary.components, 'component')} with ${plural(summary.count, 'object')}, `
      + `${size(summary.bytes)}; ${plural(summary.cycles, 'cycle')}, `
      + `${count(summary.finalization_cycles)} through finalizers. ${cyclesText}`;
  lookedAt.replaceChildren(fill(stamp('looked-at-text'), summary.looked_at));
  const { only_collector: keeps, only_trace: drops } = summary;
  if (keeps > 0) {
    lookedAt.append(` ${plural(keeps, 'object')} only the collector sees a way to.`);
  }
  if (drops > 0) {
    lookedAt.append(` ${plural(drops, 'object')} only we see a way to:`
      + ' the collector knows that those words are no pointers.');
  }
}

function rowOf(row) {
  const tr = stamp('component-row', row);
  const link = tr.querySelector('a');
  link.href = pageLink(`/garbage/${row.number}`, {}, true);
  link.textContent = count(row.number);
  link.setAttribute('aria-label', `Component ${row.number}, ${row.verdict}`);
  tr.querySelector('.verdict').append(verdictNode(row.verdict));
  tr.querySelector('.types').append(...row.types.flatMap((type, i) => [
    i > 0 ? ', ' : '', typeLink(type.name), type.count > 1 ? ` ×${count(type.count)}` : '']));
  return tr;
}

function empty({ summary }) {
  const { objects } = summary.looked_at;
  return element('div', {},
    element('p', {}, element('strong', {}, objects === 0 ? 'No garbage: there are no objects.'
      : `No garbage: ${every(objects, 'object')} ${objects === 1 ? 'is' : 'are'} reachable.`)),
    element('p', {}, 'Let the program do what you suspect to leak, then take another snapshot.'));
}

const table = new Table(document.getElementById('garbage'), {
  path: '/api/garbage',
  rowOf,
  empty,
  shown: showSummary,
  defaults: { sort: 'verdict', order: 'asc' },
});

const kinds = document.getElementById('kinds');

const kindsOf = (n) => (n === 1 ? 'One kind' : `${count(n)} kinds`);

/* Where there are no leaks and no cycles, the section is not there. */
function showKinds({ summary }) {
  const { leaks, leaked, harmless, left_out: left } = summary;
  kinds.hidden = summary.kinds === 0;
  document.getElementById('kind-words').textContent = [
    leaks === 0 ? 'No leak.' : `${kindsOf(leaks)} of leak, ${plural(leaked.count, 'time')}: `
      + `without them ${size(leaked.bytes)} would be free.`,
    harmless > 0 ? `${kindsOf(harmless)} of cycle that the collector reclaims by itself.` : '',
    left > 0 ? `${plural(left, 'more kind')} not listed.` : '',
  ].filter((part) => part !== '').join(' ');
}

function kindRow(row) {
  const tr = stamp('kind-row', row);
  const link = tr.querySelector('.steps a');
  link.href = pageLink(row.component === null ? `/objects/${row.address}` : `/garbage/${row.component}`, {}, true);
  link.append(element('code', {}, row.path.join(' → ') + (row.cut === null ? '' : ' ↺')));
  link.title = row.signature;
  tr.querySelector('.verdict').append(verdictNode(row.verdict));
  tr.querySelector('.cut').append(row.cut === null ? '–' : element('code', { dir: 'auto' }, row.cut));
  return tr;
}

const kindTable = new Table(kinds, {
  path: '/api/garbage/kinds',
  rowOf: kindRow,
  empty: () => element('p', {}, 'None.'),
  shown: showKinds,
  defaults: { sort: 'verdict', order: 'asc' },
  prefix: 'kind-',
});

const hazards = document.getElementById('hazards');

/* What points to objects that will be reclaimed; the section is there when something does. */
function showHazards({ summary }) {
  const { certain_objects: certain, perhaps_objects: perhaps, left_out: left } = summary;
  hazards.hidden = summary.words === 0;
  document.getElementById('hazard-words').textContent = [
    certain > 0 ? `${plural(certain, 'object')} will be reclaimed while in use.` : '',
    perhaps > 0 ? `${plural(perhaps, certain > 0 ? 'other object' : 'object')} perhaps: such words may be left over.` : '',
    left > 0 ? `${plural(left, 'more word')} found but not listed.` : '',
  ].join(' ');
  if (location.hash === '#hazards' && !hazards.hidden && !hazards.dataset.seen) {
    hazards.dataset.seen = 'yes';
    hazards.scrollIntoView();
  }
}

function hazardRow(row) {
  const tr = stamp('hazard-row', row);
  tr.querySelector('.object').append(addressLink(row.object.address));
  tr.querySelector('.type').append(typeLink(row.object.type));
  tr.querySelector('.holder').append(row.href
    ? element('a', { href: pageLink(row.href, {}, true) }, row.text) : row.text);
  tr.querySelector('.sure').append(row.certain ? element('span', { class: 'warn' }, 'yes') : 'perhaps');
  return tr;
}

const hazardTable = new Table(hazards, {
  path: '/api/hazards',
  rowOf: hazardRow,
  empty: () => element('p', {}, 'Nothing.'),
  shown: showHazards,
  defaults: { sort: 'object', order: 'asc' },
  prefix: 'held-',
});

startPage(async () => {
  await kindTable.load();
  delete document.getElementById('main').dataset.first; /* what stands below moves no more */
  const shown = await table.load();
  await hazardTable.load();
  return shown;
});
