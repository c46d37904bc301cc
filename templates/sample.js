/* sample.js -- the page /tracker/samples/N: what was alive at one moment.
 */
import { get, pageLink } from './api.js';
import { element, fill, stamp } from './dom.js';
import { count, timeNode } from './format.js';
import { startPage } from './page.js';
import { ALIVE } from './series.js';
import { Table } from './table.js';
import { typeLink } from './type_link.js';

const number = Number(location.pathname.split('/').pop());
const at = (id) => document.getElementById(id);

function way(text, path, parameters = {}) {
  return element('a', { class: 'button quiet', href: pageLink(path, parameters) }, text);
}

function drawWays({ first, last }) {
  at('ways').replaceChildren(...[
    number > first.number ? way('‹ Sample before', `/tracker/samples/${number - 1}`) : null,
    number < last.number ? way('Sample after ›', `/tracker/samples/${number + 1}`) : null,
    number > first.number ? way('Since the first', '/tracker/difference', { from: first.number, to: number }) : null,
    number < last.number ? way('Until the last', '/tracker/difference', { from: number, to: last.number }) : null,
  ].filter(Boolean));
}

function shown(data) {
  const { sample } = data;
  document.title = `Sample ${sample.number} – gcglass`;
  at('title').textContent = `Sample ${count(sample.number)}`
    + (sample.description ? ` “${sample.description}”` : '');
  at('when').replaceChildren(timeNode(sample.unix_ms),
    sample.snapshot ? ', together with a snapshot' : '');
  fill(at('figures'), data);
  at('alive').title = ALIVE[data.frame.heap] ?? '';
  delete at('main').dataset.first;
}

const table = new Table(at('types'), {
  path: `/api/tracker/samples/${number}`,
  rowOf: (row) => {
    const tr = stamp('type-row', row);
    tr.querySelector('.type').append(typeLink(row.name));
    return tr;
  },
  empty: () => element('p', {}, 'Nothing that carries a tag was alive.'),
  shown,
  defaults: { sort: 'bytes', order: 'desc' },
  waits: false,
});

document.querySelector('.back').href = pageLink('/tracker');
startPage(() => table.load());
get('/api/tracker', { points: 2 }).then(drawWays, () => { /* the table says what is wrong */ });
