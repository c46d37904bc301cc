/* object.js -- the page /objects/ADDRESS: one object, the way from a root to it, and what it is
 * connected with, which opens in place, level by level, as far as one likes.
 */
import { get, pageLink } from './api.js';
import { code, element, fill } from './dom.js';
import { count, fieldSuffix, plural, size, sizeNode } from './format.js';
import { addressLink, deadNode } from './object_node.js';
import { load, startPage } from './page.js';
import { siteNode } from './site.js';
import { inferredFrom, typeLink } from './type_link.js';

const PAGE = 50; /* rows fetched at a time */
const FOLD_FROM = 4; /* steps of a way that are alike */
const address = location.pathname.split('/').pop();

function fact(name, ...value) {
  return [element('dt', {}, name), element('dd', {}, ...value)];
}

function facts({ object, frame }) {
  const slack = object.slot_bytes - object.bytes;
  return [
    ...fact('Size', sizeNode(object.bytes)),
    ...fact('Slot', sizeNode(object.slot_bytes), slack > 0 ? ` (${size(slack)} more)` : ''),
    ...fact('Kind', object.kind),
    ...(object.site_id === 0 || frame.heap === 'malloc' ? [] : [...fact('Born', `after collection ${count(object.birth)}`),
      ...fact('Age', plural(object.age, 'collection'))]),
    ...(frame.heap === 'malloc' ? [] : fact('Finalizer', object.finalizer ?? 'none',
      ...(object.finalizer_function ? [': ', code(object.finalizer_function)] : []))),
    ...(object.ignored ? fact('Leak', 'ignored, as the program asked') : []),
    ...(object.component === null ? [] : fact('Component', element('a', {
      href: pageLink(`/garbage/${object.component}`, {}, true),
    }, `garbage component ${count(object.component)}`))),
  ];
}

function wayNode(step) {
  const text = step.kind === 'root'
    ? (step.href ? element('a', { href: pageLink(step.href, {}, true) }, step.text) : element('span', {}, step.text))
    : typeLink(step.text);
  return element('li', {}, text,
    step.field ? code(fieldSuffix(step.field), 'grey') : null,
    ...(step.address ? [' ', addressLink(step.address)] : []));
}

/* Steps through one field of one type, one after another, as one list each. */
function runsOf(path) {
  const runs = [];
  for (const step of path) {
    const before = runs.at(-1)?.[0];
    if (step.field && before?.text === step.text && before.field === step.field) runs.at(-1).push(step);
    else runs.push([step]);
  }
  return runs;
}

/* Of a long run the first and the last step are shown. */
function runNodes(run) {
  if (run.length < FOLD_FROM) return run.map(wayNode);
  return [wayNode(run[0]), element('li', { class: 'grey' }, `… ${count(run.length - 2)} more through `,
    code(`${run[0].text}${fieldSuffix(run[0].field)}`), ' …'), wayNode(run.at(-1))];
}

/* The way from the root; of a very long one the objects behind the first are left out. */
function wayNodes({ path, path_length: length }) {
  const left = length - path.filter((step) => step.kind === 'object').length;
  const head = left > 0 ? path.slice(0, path.findIndex((step) => step.kind === 'object') + 1) : [];
  return [...head.map(wayNode),
    ...(left > 0 ? [element('li', { class: 'grey' }, `… ${plural(left, 'object')} between …`)] : []),
    ...runsOf(path.slice(head.length)).flatMap(runNodes)];
}

/* Marks that turn the direction of text show as what they are. */
function visible(text) {
  return text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase()}⟩`);
}

/* Sixteen bytes a line, as in a dump: offset, bytes, characters. */
function dump(hex) {
  return hex.match(/.{1,32}/g).map((line, row) => {
    const bytes = line.match(/../g);
    const characters = bytes.map((byte) => {
      const one = parseInt(byte, 16);
      return one >= 0x20 && one < 0x7f ? String.fromCharCode(one) : '·';
    });
    return `${String(16 * row).padStart(4)}  ${bytes.join(' ').padEnd(47)}  ${characters.join('')}`;
  }).join('\n');
}

/* The first bytes, or how to have them. */
function contents({ preview, bytes }) {
  if (preview === null) {
    return [element('p', { class: 'grey' },
      'This snapshot holds no contents. They are kept only when asked for: start the program with ',
      code('gcglass run --contents'), ', or set ', code('contents'), ' in its ', code('struct gcg_options'),
      '; then take another snapshot.')];
  }
  const held = preview.hex.length / 2;
  if (held === 0) return [element('p', { class: 'grey' }, 'The program asked for no bytes.')];
  return [
    ...(held < bytes ? [element('p', { class: 'grey' }, `The first ${held} of ${count(bytes)} bytes.`)] : []),
    ...(preview.text === null ? [] : [element('pre', { class: 'preview text', dir: 'ltr', tabindex: '0',
      'aria-label': 'As text' }, visible(preview.text))]),
    element('pre', { class: 'preview', dir: 'ltr', tabindex: '0', 'aria-label': 'As bytes' }, dump(preview.hex)),
  ];
}

/* One end of an edge; what KIND ("referents", "referrers") leads on from it opens below it. */
function edgeNode(edge, kind) {
  if (edge.kind === 'root' || edge.kind === 'hazard') {
    const what = edge.kind === 'root' ? element('span', { class: 'mark' }, 'root ')
      : element('span', { class: 'warn' }, 'not scanned: ');
    return element('li', {}, element('span', { class: 'toggle-place' }), what,
      edge.href ? element('a', { href: pageLink(edge.href, {}, true) }, edge.text) : edge.text);
  }
  const { object } = edge;
  const toggle = element('button', {
    type: 'button', class: 'toggle', 'aria-expanded': 'false',
    'aria-label': `${kind === 'referents' ? 'What' : 'What points to'} ${object.type} at ${object.address}`
      + (kind === 'referents' ? ' points to' : ''),
  }, '▸');
  const field = code(fieldSuffix(edge.field));
  const node = element('li', {}, toggle,
    ...(kind === 'referents' ? [field, ' → ', typeLink(object.type)] : [typeLink(object.type), field]), ' ',
    addressLink(object.address), ' ', element('span', { class: 'grey' }, size(object.bytes)),
    ...(object.reachable ? [] : [' ', deadNode()]));
  toggle.addEventListener('click', () => {
    const open = toggle.getAttribute('aria-expanded') === 'true';
    toggle.setAttribute('aria-expanded', String(!open));
    if (open) node.querySelector('ul').remove();
    else {
      const list = element('ul', { class: 'tree' });
      node.append(list);
      grow(list, object.address, kind, 0);
    }
  });
  return node;
}

/* Adds to LIST what follows at OFFSET of the object's KIND. */
async function grow(list, of, kind, offset) {
  list.querySelector(':scope > .more')?.remove();
  try {
    const data = await get(`/api/objects/${of}/${kind}`, { offset, limit: PAGE });
    list.append(...data.rows.map((row) => edgeNode(row, kind)));
    const shown = offset + data.rows.length;
    if (data.total === 0) {
      list.append(element('li', { class: 'grey' }, 'nothing'));
    } else if (shown < data.total) {
      list.append(element('li', { class: 'more' }, element('button', {
        type: 'button', onclick: () => grow(list, of, kind, shown),
      }, `${count(data.total - shown)} more`)));
    }
  } catch (error) {
    if (!('status' in error)) throw error;
    list.append(element('li', { class: 'grey' }, error.message));
  }
}

function show(data) {
  const { object } = data;
  document.title = `${object.type} at ${object.address} – gcglass`;
  const head = fill(document.getElementById('head'), data);
  head.querySelector('.name').replaceChildren(typeLink(object.type));
  head.querySelector('.back').href = pageLink('/objects');
  const at = new URLSearchParams(location.search).get('at');
  head.querySelector('.lead').replaceChildren(code(object.address), `, ${size(object.bytes)}`,
    object.inferred ? `, its type inferred ${inferredFrom(object)}` : '', ', ',
    object.reachable ? 'reachable' : deadNode(),
    at ? `; the address asked for is ${count(Number(at))} bytes inside it` : '');
  document.getElementById('facts').replaceChildren(...facts(data));
  document.getElementById('why-title').textContent = object.reachable ? 'Why it is alive' : `Why it is ${data.frame.heap === 'malloc' ? 'leaked' : 'garbage'}`;
  document.getElementById('why').textContent = `${object.why[0].toUpperCase()}${object.why.slice(1)}.`;
  document.getElementById('way').replaceChildren(...wayNodes(object));
  document.getElementById('allocated').replaceChildren(object.allocated ? siteNode(object.allocated)
    : element('li', { class: 'grey' }, 'Not known: this object carries no tag.'));
  document.getElementById('contents').replaceChildren(...contents(object));
  const lists = [['referents', data.referents_total], ['referrers', data.referrers_total]].map(([kind, total]) => {
    const title = document.getElementById(`${kind}-title`);
    title.textContent = `${kind === 'referents' ? 'Points to' : 'Is pointed to by'} (${count(total)})`;
    const list = document.getElementById(kind);
    list.replaceChildren();
    return grow(list, object.address, kind, 0);
  });
  Promise.all(lists).then(() => { delete document.getElementById('main').dataset.first; });
}

startPage(() => load(`/api/objects/${address}`, {}, show));
