/* types.js -- the page /types: the census by type; a type opens into the places that allocate it.
 */
import { ApiError, get, pageLink } from './api.js';
import { element, stamp } from './dom.js';
import { plural } from './format.js';
import { startPage } from './page.js';
import { siteNode } from './site.js';
import { Table } from './table.js';
import { inferredFrom, typeLink } from './type_link.js';

const SITES_SHOWN = 20;
const sum = document.getElementById('sum');

async function openSites(row, tr) {
  const cell = element('td', { colspan: tr.cells.length }, 'Looking…');
  const below = element('tr', { class: 'below' }, cell);
  tr.after(below);
  try {
    const data = await get('/api/sites', { type: row.name, limit: SITES_SHOWN, sort: 'bytes' });
    const more = data.total - data.rows.length;
    cell.replaceChildren(element('ol', { class: 'sites' },
      ...data.rows.map((site) => siteNode(site))));
    if (data.total === 0) cell.replaceChildren('No place is known: these carry no tag.');
    if (more > 0) cell.append(element('p', { class: 'grey' }, `and ${plural(more, 'more place')}`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    cell.replaceChildren(error.message);
  }
}

function rowOf(row) {
  const tr = stamp('type-row', row);
  const toggle = tr.querySelector('button');
  toggle.setAttribute('aria-label', `Where ${row.name} is allocated`);
  toggle.addEventListener('click', () => {
    const open = toggle.getAttribute('aria-expanded') === 'true';
    toggle.setAttribute('aria-expanded', String(!open));
    if (open) tr.nextElementSibling.remove();
    else openSites(row, tr);
  });
  tr.querySelector('.type').append(typeLink(row.name));
  if (row.inferred) {
    tr.querySelector('.type').append(element('small', {
      title: `Not named where it is allocated: inferred ${inferredFrom(row)}`,
    }, 'inferred'));
  }
  const all = tr.querySelector('[data-field=count]');
  all.replaceChildren(element('a', {
    href: pageLink('/objects', { type: row.name }), title: 'All of them',
  }, ...all.childNodes));
  if (row.garbage_count > 0) {
    const cell = tr.querySelector('[data-field=garbage_count]');
    cell.replaceChildren(element('a', {
      href: pageLink('/garbage', { type: row.name }),
      title: 'The garbage that has this type in it',
    }, ...cell.childNodes));
  }
  return tr;
}

const table = new Table(document.getElementById('types'), {
  path: '/api/types',
  rowOf,
  empty: () => element('p', {}, 'No objects: the program has allocated nothing that is still there.'),
  shown: (data) => sum.replaceChildren(
    `${plural(data.total, 'type')}, `, plural(data.sum.count, 'object'), ', ',
    stamp('sum-size', data.sum)),
  defaults: { sort: 'bytes', order: 'desc' },
});

startPage(() => table.load());
