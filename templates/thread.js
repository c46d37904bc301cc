/* thread.js -- the page /threads/ID: the calls of a thread, outermost first, their source and what
 * their variables hold.
 */
import { pageLink } from './api.js';
import { code, element, fill } from './dom.js';
import { plural, size } from './format.js';
import { addressLink } from './object_node.js';
import { load, startPage } from './page.js';
import { shortPath } from './site.js';
import { typeLink } from './type_link.js';

const id = location.pathname.split('/').pop();

function sourceNode(frame) {
  if (!frame.source) return null;
  return element('pre', { class: 'source' }, ...frame.source.lines.map((text, i) => {
    const line = frame.source.first + i;
    const current = line === frame.line;
    return element('span', { class: current ? 'line-now' : 'line-near', 'aria-current': current ? 'true' : null },
      `${current ? '▶' : ' '}${String(line).padStart(5)}  ${text}\n`);
  }));
}

function localNode(local) {
  const name = local.name === null ? element('span', { class: 'grey' }, 'unnamed word')
    : code(local.name);
  return element('tr', {},
    element('th', { scope: 'row' }, name, local.parameter ? element('small', {}, ' parameter') : null),
    element('td', {}, local.type === null ? '' : code(local.type)),
    element('td', {}, code(local.where, 'grey')),
    element('td', {}, typeLink(local.object.type), ' ', addressLink(local.object.address),
      local.offset > 0 ? ` +${local.offset}` : ''),
    element('td', { class: 'number' }, size(local.object.bytes)));
}

function localsNode(frame) {
  if (frame.locals.length === 0) return null;
  const named = frame.locals.filter((one) => one.name !== null).length;
  return element('details', { open: named > 0 },
    element('summary', {}, plural(frame.locals.length, 'word that holds an object', 'words that hold objects')),
    element('div', { class: 'scroll', role: 'group', 'aria-label': 'Words that hold objects', tabindex: '0' }, element('table', {},
      element('thead', {}, element('tr', {}, ...['Variable', 'Its type', 'Where', 'Holds', 'Bytes'].map((text, i) => element('th',
        { scope: 'col', class: i === 4 ? 'number' : null }, text)))),
      element('tbody', {}, ...frame.locals.map(localNode)))));
}

/* Where a call is: its file and line, else module+offset. */
function placeText(frame) {
  if (frame.file) return `${shortPath(frame.file)}${frame.line ? `:${frame.line}` : ''}`;
  return `${frame.module ?? 'unknown module'}+${frame.offset ?? '?'}`;
}

function callNode(frame) {
  return element('li', {}, element('div', { class: 'call' },
    element('strong', {}, code(frame.function || '?')), ' ',
    code(placeText(frame), 'grey'),
    frame.inlined ? element('small', {}, ' inlined') : null),
  sourceNode(frame), localsNode(frame));
}

function show(data) {
  const { thread } = data;
  document.title = `Thread ${thread.id} (${thread.name}) – gcglass`;
  const head = fill(document.getElementById('head'), data);
  head.querySelector('.name').textContent = thread.name;
  head.querySelector('.back').href = pageLink('/threads');
  head.querySelector('.lead').textContent = `Thread ${thread.id}, ${thread.state_text}; `
    + `${size(thread.stack_bytes)} of stack, on which ${thread.roots === 1 ? 'a word holds an object' : `${plural(thread.roots, 'word')} hold objects`}. Outermost call first.`;
  document.getElementById('why').textContent = thread.why ?? '';
  document.getElementById('calls').replaceChildren(...data.frames.map(callNode));
  delete document.getElementById('main').dataset.first;
}

startPage(() => load(`/api/threads/${id}`, {}, show));
