/* thread_row.js -- the row of a thread (template "thread-row").
 */
import { pageLink } from './api.js';
import { element, stamp } from './dom.js';

function role(thread) {
  if (thread.agent) return 'gcglass’s own';
  if (thread.collecting) return 'took the snapshot';
  if (document.body.dataset.heap === 'malloc') return thread.registered ? 'the program’s' : 'not stopped: its stack was not looked at';
  return thread.registered ? 'registered with the collector' : 'not registered: its stack keeps nothing';
}

export function threadRow(thread) {
  const tr = stamp('thread-row', thread);
  const name = tr.querySelector('th');
  name.replaceChildren(element('a', { href: pageLink(`/threads/${thread.id}`, {}, true) },
    ...name.childNodes));
  tr.querySelector('.role').append(element('span', { class: thread.registered ? null : 'grey' }, role(thread)));
  return tr;
}
