/* component.js -- the page /garbage/N: the cycles in words, then the picture beside the objects.
 *
 * The component's number is the last part of the page's path.  A row of the objects and its node in
 * the picture light up together.
 */
import { address, pageLink } from './api.js';
import { element, fill, stamp } from './dom.js';
import { count, plural, sizeNode } from './format.js';
import { cycleNode } from './cycle.js';
import { startPage } from './page.js';
import { Picture } from './picture.js';
import { Table } from './table.js';
import { typeLink } from './type_link.js';
import { verdictNode } from './verdict.js';

const UNFOLDED = 3; /* kinds of cycles */
const REDUCE_ABOVE = 40; /* nodes: a bigger graph is first shown with its cycles only */

const number = Number(location.pathname.split('/').pop());
const section = document.getElementById('objects');
const pictureSection = document.getElementById('picture');
let shownId = null; /* the snapshot whose cycles and picture are on the page */
let graph = null;
let around = []; /* addresses on the first cycle, from the edge to cut */

function rowOfNode(node) {
  return [...section.querySelectorAll('tr[data-address]')]
    .find((row) => row.dataset.address === node);
}

function pointedInPicture(node) {
  section.querySelector('tr.lit')?.classList.remove('lit');
  if (node) rowOfNode(node)?.classList.add('lit');
}

/* A clicked node: its row, looked up when it is on another page of the table. */
async function pickedInPicture(node) {
  if (!rowOfNode(node)) await table.show({ q: node });
  const row = rowOfNode(node);
  pointedInPicture(node);
  row?.scrollIntoView({ block: 'nearest' });
  row?.querySelector('a')?.focus({ preventScroll: true });
}

const picture = new Picture(pictureSection, {
  pointed: pointedInPicture, picked: pickedInPicture,
});

function wantsReduced() {
  const wanted = new URLSearchParams(location.search).get('graph');
  if (wanted) return wanted === 'reduced';
  return graph.reduced_nodes > 0 && graph.nodes > REDUCE_ABOVE;
}

function pictureLink(kind) {
  return pageLink(`/garbage/${number}/graph.${kind}`, { reduce: wantsReduced() ? 1 : null }, true);
}

function drawPicture() {
  const reduced = wantsReduced();
  const nodes = reduced ? graph.reduced_nodes : graph.nodes;
  const edges = reduced ? graph.reduced_edges : graph.edges;
  for (const choice of pictureSection.querySelectorAll('[name=graph]')) {
    choice.checked = (choice.value === 'reduced') === reduced;
    choice.disabled = choice.value === 'reduced' && graph.reduced_nodes === 0;
  }
  for (const link of pictureSection.querySelectorAll('a[data-kind]')) {
    link.href = pictureLink(link.dataset.kind);
  }
  const all = `${plural(nodes, 'object')}, ${plural(edges, 'edge')}.`;
  pictureSection.querySelector('.what').textContent = nodes > graph.limit
    ? `The heaviest of ${all} The nearest to the cycle come first, the rest is one node.` : all;
  return picture.load(pictureLink('svg'), pictureLink('dot'), around);
}

function chooseGraph(event) {
  const query = Object.fromEntries(new URLSearchParams(location.search));
  history.replaceState(null, '',
    address(location.pathname, { ...query, graph: event.target.value }));
  drawPicture();
}

/* Cycles whose words are the same but for the addresses, as one list each, the biggest first. */
function alike(cycles) {
  const groups = new Map();
  for (const cycle of cycles) {
    const key = [cycle.verdict, cycle.text, cycle.cut?.from_type, cycle.cut?.field].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), cycle]);
  }
  return [...groups.values()];
}

/* The biggest cycles in full, those like them and the others folded, so that the picture is not far
   below. */
function drawCycles({ cycles, total_cycles: total, component }) {
  const place = document.getElementById('cycles');
  const nodes = alike(cycles).map(([first, ...others]) => {
    const node = cycleNode(first, total, component.verdict);
    if (others.length > 0) {
      node.append(element('details', { class: 'like-it' },
        element('summary', {}, `${plural(others.length, 'more cycle')} like this, of other objects`),
        ...others.map((cycle) => cycleNode(cycle, total, component.verdict))));
    }
    return node;
  });
  place.replaceChildren(...nodes.slice(0, UNFOLDED));
  const untold = total - cycles.length;
  if (nodes.length > UNFOLDED) {
    place.append(element('details', { class: 'more-cycles' },
      element('summary', {}, `${plural(nodes.length - UNFOLDED, 'smaller kind')} of cycles`), ...nodes.slice(UNFOLDED)));
  }
  if (untold > 0) place.append(element('p', { class: 'grey' }, `and ${plural(untold, 'smaller cycle')} more`));
  if (total === 0) {
    place.append(element('p', {}, 'There is no cycle in it: nothing points to it any more.'));
  }
}

function addressesFromCut(cycle) {
  const addresses = cycle?.path.map((step) => step.address) ?? [];
  const cut = cycle?.cut?.step ?? 0;
  return [...addresses.slice(cut), ...addresses.slice(0, cut)];
}

/* The part of the page that sorting the table does not change. */
function showComponent(data) {
  if (shownId === data.frame.snapshot.id) return;
  shownId = data.frame.snapshot.id;
  delete document.getElementById('main').dataset.first;
  graph = data.graph;
  around = addressesFromCut(data.cycles[0]);
  document.title = `Component ${number}: ${data.component.verdict} – gcglass`;
  const { component } = data;
  const head = fill(document.getElementById('head'), component);
  head.querySelector('.lead').replaceChildren(`${plural(component.objects, 'object')}, `,
    sizeNode(component.bytes), component.cycles > 0
      ? `; ${count(component.on_cycles)} of them on ${plural(component.cycles, 'cycle')}` : '');
  head.querySelector('.verdict').replaceChildren(verdictNode(data.component.verdict));
  head.querySelector('.back').href = pageLink('/garbage');
  drawCycles(data);
  drawPicture();
}

function rowOf(row) {
  const tr = stamp('object-row', row);
  const link = tr.querySelector('a');
  tr.dataset.address = row.address;
  link.textContent = row.address;
  link.href = `#n${row.address}`;
  link.title = 'Show it in the picture';
  link.addEventListener('click', (event) => {
    event.preventDefault();
    if (!picture.centre(row.address)) link.title = 'It is not in the picture';
  });
  const light = (on) => () => {
    tr.classList.toggle('lit', on);
    picture.highlight(on ? row.address : null);
  };
  tr.addEventListener('pointerenter', light(true));
  tr.addEventListener('pointerleave', light(false));
  link.addEventListener('focus', light(true));
  link.addEventListener('blur', light(false));
  tr.querySelector('.type').append(typeLink(row.type));
  if (row.on_cycle) {
    tr.querySelector('.on-cycle').append(element('span', { role: 'img', 'aria-label': 'yes', title: 'on a cycle' }, '●'));
  }
  return tr;
}

const table = new Table(section, {
  path: `/api/garbage/${number}`,
  rowOf,
  empty: () => element('p', {}, 'No objects.'),
  shown: showComponent,
  defaults: { sort: 'bytes', order: 'desc' },
});

for (const choice of pictureSection.querySelectorAll('[name=graph]')) {
  choice.addEventListener('change', chooseGraph);
}
startPage(() => table.load());
