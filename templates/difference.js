/* difference.js -- the page /tracker/difference: what grew between two samples, most first.
 */
import { address, get, pageLink } from './api.js';
import { code, element, stamp } from './dom.js';
import { count, duration, formats, timeNode } from './format.js';
import { startPage } from './page.js';
import { Table } from './table.js';
import { typeLink } from './type_link.js';

const at = (id) => document.getElementById(id);

function rowOf(row) {
  const tr = stamp('change-row', row);
  const type = tr.querySelector('.type');
  if ('site_id' in row) type.append(code(row.site), ' ', typeLink(row.type));
  else type.append(typeLink(row.name));
  if (row.bytes_change > 0) tr.querySelector('.change').classList.add('grew');
  return tr;
}

function sampleLink(sample) {
  return element('a', { href: pageLink(`/tracker/samples/${sample.number}`) },
    `sample ${count(sample.number)}${sample.description ? ` “${sample.description}”` : ''}`);
}

function shown({ from, to }) {
  const back = from.number > to.number;
  document.title = `Difference ${from.number} to ${to.number} – gcglass`;
  at('title').replaceChildren('From ', sampleLink(from), back ? ' back to ' : ' to ', sampleLink(to));
  at('sum').replaceChildren(formats.sizeChange(to.live_bytes - from.live_bytes), ' and ',
    formats.countChange(to.live_count - from.live_count), ' objects in ',
    duration(Math.abs(to.unix_ms - from.unix_ms) * 1e6), back ? ', backwards from ' : ', from ',
    timeNode(from.unix_ms), ' to ', timeNode(to.unix_ms));
  delete at('main').dataset.first;
}

const table = new Table(at('difference'), {
  path: '/api/tracker/difference',
  rowOf,
  empty: () => element('p', {}, 'No difference: as much of everything is alive as before.'),
  shown,
  defaults: { sort: 'bytes_change', order: 'desc' },
  waits: false,
});

/* Without a choice in the address: from the first sample to the last. */
async function chooseEnds() {
  const query = Object.fromEntries(new URLSearchParams(location.search));
  if (query.from && query.to) return;
  const { first, last } = await get('/api/tracker', { points: 2 });
  if (!first) return;
  history.replaceState(null, '', address(location.pathname,
    { from: first.number, to: last.number, ...query }));
}

document.querySelector('.back').href = pageLink('/tracker');
startPage(async () => {
  await chooseEnds().catch((error) => { if (!('status' in error)) throw error; });
  return table.load();
});
