/* page.js -- loading what a page shows: first answer, no snapshot yet, errors.
 */
import { get, pinSnapshot } from './api.js';
import { element } from './dom.js';
import { notice, showFrame } from './frame.js';

const main = document.querySelector('main');
let filled = false; /* the page shows an answer */

/* Says in the page's own place what is the matter, instead of the figures. */
function say(kind, title, text, ...more) {
  main.dataset.state = kind;
  let box = document.getElementById('state');
  if (!box) {
    box = element('section', { id: 'state', role: 'status' });
    main.prepend(box);
  }
  box.className = `state ${kind}`;
  box.replaceChildren(element('h1', {}, title), element('p', {}, text), ...more);
}

/* Why there is no snapshot, as the frame hears it. */
document.addEventListener('waiting', (event) => {
  if (main.dataset.state === 'waiting') sayWaiting(event.detail);
});

function sayWaiting(why) {
  const text = `${why} This page goes on by itself.`;
  if (document.querySelector('#state p')?.textContent !== text) say('waiting', 'No snapshot yet', text);
}

function clear() {
  delete main.dataset.state;
  document.getElementById('state')?.remove();
}

/* GETs PATH and calls SHOW with the answer, or shows why there is none: in the page's place, but below
   the bar when the server does not answer and there is something on the page, which stays.  Answers
   false when it is worth another try at the frame's next "snapshot" event: there is no snapshot yet,
   or no answer.  PIN: stick to this snapshot.  WAITS: there is nothing to show without a snapshot. */
export async function load(path, parameters, show, {
  signal = undefined, pin = true, waits = true,
} = {}) {
  try {
    const data = await get(path, parameters, signal);
    if (waits && data.frame.waiting) {
      showFrame(data.frame);
      sayWaiting(data.frame.waiting);
      return false;
    }
    if (pin) pinSnapshot(data.frame);
    showFrame(data.frame);
    clear();
    show(data);
    filled = true;
    return true;
  } catch (error) {
    if (error.name === 'AbortError') return true; /* a newer question has taken over */
    if (!('status' in error)) throw error;
    if (error.status === 0 && filled) {
      notice(`${error.message} What this page shows stays.`, 'warning');
      return false;
    }
    say('warning', error.status ? `Error ${error.status}` : 'No answer', error.message,
      element('p', {}, element('a', { href: '/' }, 'Overview of the newest snapshot')));
    return error.status !== 0;
  }
}

/* Runs START now and, while it answers false because there was no snapshot, again with each new
   snapshot that the frame hears of. */
export function startPage(start) {
  let done = start();
  document.addEventListener('snapshot', (event) => {
    if (event.detail.snapshot) done = done.then((was) => was || start());
  });
}
