/* threads.js -- the page /threads: the threads as the collector stopped them.
 */
import { element } from './dom.js';
import { plural } from './format.js';
import { startPage } from './page.js';
import { Table } from './table.js';
import { threadRow } from './thread_row.js';

const table = new Table(document.getElementById('threads'), {
  path: '/api/threads',
  rowOf: threadRow,
  empty: () => element('p', {}, 'No threads are in this snapshot.'),
  shown: (data) => { document.getElementById('sum').textContent = plural(data.total, 'thread'); },
  defaults: { sort: 'id', order: 'asc' },
});

startPage(() => table.load());
