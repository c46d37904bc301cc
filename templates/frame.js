/* frame.js -- the top of every page: which process, its state, which snapshot, the tabs.
 *
 * Importing it draws the frame into <header id="frame"> at once and then asks /api/frame: every
 * 2 s on the overview and while there is no snapshot, every 5 s elsewhere, not while the tab is
 * hidden.  It passes what it learns to pages by events on document:
 *   "snapshot"  a newest snapshot other than at the last look, the first look included;
 *               detail: the frame
 *   "waiting"   there is no snapshot; detail: why, which may change
 * A page is added by a line in PAGES.
 */
import { address, chosenSnapshot, getNewest, pageLink, post } from './api.js';
import { element } from './dom.js';
import { age, clock, count, plural, size, timeNode } from './format.js';
import { watchKeys, showKeys } from './keys.js';

const PAGES = [
  { name: 'overview', path: '/', title: 'Overview', key: 'o' },
  { name: 'process', path: '/process', title: 'Process', key: 'p' },
  { name: 'threads', path: '/threads', title: 'Threads', key: 'a' },
  { name: 'tracker', path: '/tracker', title: 'Tracker', key: 'r' },
  { name: 'types', path: '/types', title: 'Types', key: 't' },
  { name: 'objects', path: '/objects', title: 'Objects', key: 'j' },
  { name: 'garbage', path: '/garbage', title: 'Garbage', key: 'g' },
  { name: 'help', path: '/help', title: 'Help', key: 'h' },
];
const FAST_MS = 2000;
const SLOW_MS = 5000;
const LOST_MS = 10000;

const bar = document.getElementById('frame');
const here = document.body.dataset.page ?? '';
const PARTS = { component: '/garbage', object: '/objects', thread: '/threads' }; /* pages of one thing, and of all */
const TABS = { ...PARTS, type: '/types' }; /* whose tab is lit */
const sticky = 'sticky' in document.body.dataset; /* shows one snapshot until it is left */
const parts = {};
let current = null; /* the last frame */
let receivedAt = 0; /* performance.now() of it */
let newestId = null;
let timer = 0;
let stopped = false; /* by the reader */

function switchTheme() {
  const { dataset } = document.documentElement;
  const theme = dataset.theme === 'dark' ? 'light' : 'dark';
  dataset.chosen = theme;
  dataset.theme = theme;
  try {
    localStorage.setItem('gcglass-theme', theme);
  } catch {
    /* Storage may be forbidden: then the choice lasts as long as the page. */
  }
}

function drawTabs() {
  parts.badge = element('span', { class: 'badge', hidden: true });
  const links = PAGES.map((page) => {
    const active = page.name === here || (here in TABS && page.path === TABS[here]);
    const link = element('a', {
      href: pageLink(page.path),
      'aria-current': active ? 'page' : null,
      'data-page-link': page.name,
    }, page.title);
    if (page.name === 'garbage') link.append(parts.badge);
    return link;
  });
  return element('nav', { 'aria-label': 'Pages' }, ...links);
}

function drawMenu() {
  parts.shown = element('summary', { class: 'button quiet' }, 'no snapshot');
  parts.list = element('ul', { class: 'snapshots' });
  parts.name = element('input', {
    name: 'description', maxlength: '200', placeholder: 'after login', autocomplete: 'off',
    'aria-label': 'Name of the next snapshot',
  });
  parts.collect = element('input', { type: 'checkbox', name: 'collect' });
  parts.form = element('form', { class: 'take' }, parts.name,
    element('button', { type: 'submit' }, 'Take it'),
    element('label', {
      'data-only': 'gc', title: 'The collector itself then says what is garbage',
    }, parts.collect, ' Collect first'));
  parts.form.addEventListener('submit', (event) => {
    event.preventDefault();
    take(parts.name.value.trim(), parts.collect.checked);
  });
  parts.menu = element('details', { class: 'menu' }, parts.shown,
    element('div', { class: 'panel' }, element('h2', {}, 'Snapshots, newest first'), parts.list,
      element('h2', {}, 'A new one, with a name'), parts.form));
  return parts.menu;
}

/* Ends a server that the program has started itself: gcg_start returns, the program runs on. */
async function stop() {
  clearTimeout(timer);
  stopped = true;
  try {
    await post('/api/stop', {});
    parts.stop.disabled = true;
    parts.take.disabled = true;
    notice('gcglass has stopped and the program runs on. What this page shows stays.');
  } catch (error) {
    stopped = false;
    notice(error.message, 'warning');
    poll();
  }
}

function drawFrame() {
  parts.process = element('p', { class: 'process' });
  parts.take = element('button', { type: 'button', id: 'take', disabled: true, onclick: () => take('') },
    'Take snapshot');
  parts.stop = element('button', {
    type: 'button', class: 'quiet', id: 'stop', hidden: true, onclick: stop,
    title: 'Ends gcglass; the program runs on',
  }, 'Stop gcglass');
  parts.notice = element('div', { class: 'notice', role: 'status' });
  parts.leftOut = element('div', { class: 'notice', id: 'left-out' });
  bar.replaceChildren(
    element('div', { class: 'line' },
      element('a', { class: 'logo', href: pageLink('/') },
        element('img', { src: '/static/favicon.svg', alt: '', width: '20', height: '20' }),
        'gcglass'),
      parts.process,
      element('div', { class: 'controls' }, drawMenu(), parts.take)),
    element('div', { class: 'line' }, drawTabs(),
      element('div', { class: 'controls' }, parts.stop,
        element('button', {
          type: 'button', class: 'quiet', 'aria-label': 'Keys', title: 'Keys (?)',
          onclick: () => showKeys(PAGES),
        }, '?'),
        element('button', {
          type: 'button', class: 'quiet', id: 'theme', 'aria-label': 'Light or dark',
          title: 'Light or dark', onclick: switchTheme,
        }, '◐'))),
    parts.leftOut, parts.notice);
}

/* Says TEXT below the bar until it is replaced; null takes it away. */
export function notice(text, kind = 'info', ...more) {
  parts.notice.replaceChildren(...(text === null ? [] : [element('p', { class: kind }, text, ...more)]));
}

async function take(description, collect = false) {
  parts.take.disabled = true;
  parts.take.textContent = 'Taking…';
  try {
    await post('/api/snapshot', { description, collect: collect ? '1' : '0' });
    parts.menu.open = false;
    parts.name.value = '';
    if (here === 'overview' && !chosenSnapshot()) await poll();
    else location.assign(PARTS[here] ?? newestAddress());
  } catch (error) {
    notice(`No snapshot was taken: ${error.message}`, 'warning');
  } finally {
    parts.take.textContent = 'Take snapshot';
    parts.take.disabled = current?.state !== 'live';
  }
}

/* This page's own address, about another snapshot (null: the newest). */
function newestAddress(id = null) {
  const parameters = Object.fromEntries(new URLSearchParams(location.search));
  const path = PARTS[here] ?? location.pathname;
  delete parameters.offset;
  return address(path, { ...parameters, snapshot: id });
}

function processText(frame) {
  const since = (performance.now() - receivedAt) / 1000;
  const ended = frame.ended_s ?? null;
  const ago = ended === null ? '' : `, ${age(ended + since)} ago`;
  const how = frame.exit?.signal
    ? `ended by signal ${frame.exit.signal}${ago}`
    : `ended with status ${frame.exit?.status ?? 'unknown'}${ago}`;
  const states = {
    live: () => `running ${clock(frame.running_s + since)}`,
    ended: () => `${how}: showing the last snapshot`,
    file: () => 'from a file',
  };
  return `pid ${frame.pid} · ${states[frame.state]()}`;
}

function snapshotTitle(snapshot) {
  return `#${snapshot.id}${snapshot.description ? ` “${snapshot.description}”` : ''}`;
}

function drawSnapshotList(frame) {
  const newest = frame.snapshots[0]?.id;
  parts.list.replaceChildren(...frame.snapshots.map((snapshot) => element('li', {},
    element('a', {
      href: newestAddress(snapshot.id === newest ? null : snapshot.id),
      'aria-current': snapshot.id === frame.snapshot?.id ? 'true' : null,
    }, element('strong', {}, snapshotTitle(snapshot)),
    ' ', timeNode(snapshot.taken_unix_ms),
    element('small', {}, `${plural(snapshot.objects, 'object')}, ${size(snapshot.bytes)}`)))));
  if (frame.snapshots.length === 0) {
    parts.list.replaceChildren(element('li', { class: 'grey' }, 'None yet.'));
  }
}

/* What changes by itself as time goes on. */
function drawTimes() {
  if (!current) return;
  const since = (performance.now() - receivedAt) / 1000;
  parts.process.replaceChildren(element('strong', { dir: 'auto' }, current.program),
    element('span', { class: current.state }, processText(current)));
  parts.process.title = parts.process.textContent; /* a narrow screen cuts it off */
  const shown = current.snapshot;
  parts.shown.textContent = shown
    ? `snapshot ${snapshotTitle(shown)}, ${age(shown.age_s + since)} old`
    : 'no snapshot yet';
}

/* Draws FRAME, of an answer about the snapshot that the page shows. */
export function showFrame(frame) {
  current = frame;
  receivedAt = performance.now();
  document.body.dataset.heap = frame.heap ?? 'gc'; /* what is about the collector only goes by it */
  drawTimes();
  drawSnapshotList(frame);
  parts.badge.hidden = !frame.leaked_cycles;
  parts.badge.textContent = `⚠ ${count(frame.leaked_cycles)}`;
  parts.badge.title = plural(frame.leaked_cycles, 'leaked cycle');
  parts.leftOut.replaceChildren(
    ...(frame.left_out ? [element('p', { class: 'warning' }, frame.left_out)] : []));
  parts.take.disabled = frame.state !== 'live';
  parts.form.hidden = frame.state !== 'live';
  if (frame.collects) {
    parts.collect.checked = true;
    parts.collect.disabled = true;
    parts.collect.parentNode.title = 'For all snapshots: gcglass was started with --collect';
  }
  parts.stop.hidden = !frame.stoppable;
  parts.take.title = frame.state === 'live' ? 'Look again'
    : 'There is no live process to take one from';
}

/* Says that the snapshot shown is an older one, with a link to the newest. */
function sayOlder(frame) {
  const newest = frame.snapshots[0];
  const shown = sticky || chosenSnapshot() ? current?.snapshot : null;
  if (!newest || !shown || shown.id === newest.id) notice(null);
  else {
    notice(chosenSnapshot() ? 'This is an older snapshot. ' : 'There is a newer snapshot. ', 'info',
      element('a', { href: newestAddress() }, `Show the newest, ${snapshotTitle(newest)}`));
  }
}

async function poll() {
  clearTimeout(timer);
  if (stopped) return;
  let wait = here === 'overview' ? FAST_MS : SLOW_MS;
  try {
    const { frame } = await getNewest('/api/frame');
    const newest = frame.snapshots[0]?.id ?? null;
    /* A sticky page goes on showing what it has: only the process is news. */
    const stays = sticky && current?.snapshot && !chosenSnapshot();
    showFrame(stays ? { ...frame, snapshot: agedSnapshot(frame) } : frame);
    sayOlder(frame);
    if (frame.waiting) {
      wait = FAST_MS;
      document.dispatchEvent(new CustomEvent('waiting', { detail: frame.waiting }));
    }
    if (newest !== newestId) {
      newestId = newest;
      document.dispatchEvent(new CustomEvent('snapshot', { detail: frame }));
    }
  } catch (error) {
    wait = LOST_MS;
    const more = current && error.status === 0
      ? ' What this page shows stays; nothing new will come.' : '';
    const said = document.getElementById('error-text')?.textContent; /* on an error page */
    if (said !== error.message) notice(`${error.message}${more}`, 'warning');
  }
  if (!document.hidden) timer = setTimeout(poll, wait);
}

function agedSnapshot(frame) {
  return frame.snapshots.find((one) => one.id === current.snapshot.id) ?? current.snapshot;
}

function closeMenuFromOutside(event) {
  if (parts.menu.open && !parts.menu.contains(event.target)) parts.menu.open = false;
}

drawFrame();
watchKeys(PAGES, () => { parts.menu.open = false; });
document.addEventListener('click', closeMenuFromOutside);
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (!document.hidden) poll();
});
setInterval(drawTimes, 1000);
poll();
