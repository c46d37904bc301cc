/* objects.js -- the page /objects: every object of the snapshot, searched, sorted, paged.
 */
import { element } from './dom.js';
import { plural, sizeNode } from './format.js';
import { objectRow } from './object_node.js';
import { startPage } from './page.js';
import { Table } from './table.js';

const sum = document.getElementById('sum');

const table = new Table(document.getElementById('all-objects'), {
  path: '/api/objects',
  rowOf: objectRow,
  empty: () => element('p', {}, 'No objects: the program has allocated nothing that is still there.'),
  shown: (data) => sum.replaceChildren(data.total === data.sum.count ? '' : `${plural(data.total, 'object')} of `,
    `${plural(data.sum.count, 'object')}, `, sizeNode(data.sum.bytes)),
  defaults: { sort: 'bytes', order: 'desc' },
});

startPage(() => table.load());
