/* object_node.js -- objects as links and as rows, the same on every page.
 */
import { pageLink } from './api.js';
import { code, element, stamp } from './dom.js';

/* A link to the page of the object at ADDRESS. */
export function addressLink(address) {
  return element('a', { class: 'address', href: pageLink(`/objects/${address}`, {}, true) }, address);
}

/* The word for what no root leads to. */
export function deadNode() {
  return element('span', { class: 'warn' }, document.body.dataset.heap === 'malloc' ? 'leaked' : 'garbage');
}

/* The row of an object in a table of objects (template "object-row"). */
export function objectRow(row) {
  const tr = stamp('object-row', row);
  tr.querySelector('.address').append(addressLink(row.address));
  tr.querySelector('.type').append(element('a', { href: pageLink('/objects', { type: row.type }) },
    code(row.type)));
  tr.querySelector('.site').append(row.site_id === 0 ? element('span', { class: 'grey' }, 'not known')
    : element('a', { href: pageLink('/objects', { site: row.site_id }) }, code(row.site)));
  if (row.site_id === 0) tr.querySelector('[data-field=age]').textContent = '–';
  tr.querySelector('.reach').append(row.reachable ? 'yes' : deadNode());
  return tr;
}
