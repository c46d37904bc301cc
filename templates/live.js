/* live.js -- polls what changes by itself, while the page is in sight.
 *
 * Short polling: one question at a time, none while the tab is hidden, more seldom while the
 * server does not answer, and never again once nothing can change.  What is shown stays shown; a line of
 * text says how things are.
 */
import { ApiError } from './api.js';

const LOST_MS = 10000;

/* Calls LOOK () at once and then as often as its answer { every (ms, null: never again), text,
   kind ("now": things move) } says, and shows its text in STATUS.  Answers a function that looks
   now. */
export function follow(look, status) {
  let timer = 0;
  let busy = false;
  let over = false; /* nothing can change any more */

  function say(kind, text) {
    status.className = `live-status ${kind}`;
    if (status.textContent !== text) status.textContent = text;
  }

  async function again() {
    clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    let wait = LOST_MS;
    try {
      const { every, text, kind = 'still' } = await look();
      wait = every;
      over = every === null;
      say(kind, text);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say('lost', error.status === 0 ? `${error.message} What is shown stays.` : error.message);
    } finally {
      busy = false;
    }
    if (wait !== null) timer = setTimeout(again, wait);
  }

  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (over) return;
    if (document.hidden) say('paused', 'Paused while this page is hidden.');
    else again();
  });
  again();
  return again;
}
