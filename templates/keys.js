/* keys.js -- the keyboard: g and a letter go to a page, / to the search, ? lists the keys.
 *
 * Pages and parts add theirs with addKey; a key does nothing while text is typed.
 */
import { element, isTyping } from './dom.js';
import { pageLink } from './api.js';

const PREFIX_MS = 1500;
const keys = new Map(); /* key -> { action, summary } */

export function addKey(key, summary, action) {
  keys.set(key, { summary, action });
}

function row(key, summary) {
  return element('tr', {}, element('td', {},
    ...key.split(' ').map((one) => element('kbd', {}, one))), element('td', {}, summary));
}

export function showKeys(pages) {
  document.querySelector('dialog.keys')?.remove();
  const close = element('button', { type: 'button' }, 'Close');
  const dialog = element('dialog', { class: 'keys', 'aria-label': 'Keys' },
    element('h2', {}, 'Keys'),
    element('table', {},
      element('tbody', {},
        ...pages.map((page) => row(`g ${page.key}`, page.title)),
        row('/', 'Search this page’s table'),
        ...[...keys].map(([key, { summary }]) => row(key, summary)),
        row('Esc', 'Close, leave the search'),
        row('?', 'This list'))),
    close);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function focusSearch() {
  const search = document.querySelector('input[type=search]');
  search?.focus();
  search?.select();
}

export function watchKeys(pages, escape) {
  let prefixAt = -Infinity;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      escape();
      if (isTyping(event.target)) event.target.blur();
      return;
    }
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const page = event.timeStamp - prefixAt < PREFIX_MS
      && pages.find((one) => one.key === event.key);
    prefixAt = -Infinity;
    if (page) location.assign(pageLink(page.path));
    else if (event.key === 'g') prefixAt = event.timeStamp;
    else if (event.key === '/') focusSearch();
    else if (event.key === '?') showKeys(pages);
    else if (keys.has(event.key)) keys.get(event.key).action();
    else return;
    event.preventDefault();
  });
}
