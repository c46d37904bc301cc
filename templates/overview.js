/* overview.js -- the page /: what is wrong, then the figures behind it.
 *
 * Follows the newest snapshot: frame.js looks every 2 s and says so by its "snapshot" event.
 */
import { chosenSnapshot, pageLink } from './api.js';
import { heapChart } from './chart.js';
import { code, element, fill, stamp } from './dom.js';
import { plural, size } from './format.js';
import { load } from './page.js';

const main = document.querySelector('main');
const findings = document.getElementById('findings');
let shownId = null;

/* A local path of the server's keeps the chosen snapshot; anything else is no link. */
function localLink(href) {
  if (!href || !href.startsWith('/') || href.startsWith('//')) return null;
  const url = new URL(href, location.origin);
  const exact = /^\/garbage\/\d+$/.test(url.pathname);
  return pageLink(url.pathname, Object.fromEntries(url.searchParams), exact);
}

function findingNode(finding) {
  const link = localLink(finding.href);
  return element('li', { class: finding.severity },
    element('span', { class: 'mark', role: 'img', 'aria-label': finding.severity },
      finding.severity === 'warning' ? '⚠' : 'i'),
    link ? element('a', { href: link, dir: 'auto' }, finding.text)
      : element('span', { dir: 'auto' }, finding.text));
}

function showFindings(data) {
  if (data.findings.length > 0) {
    findings.replaceChildren(...data.findings.map(findingNode));
    return;
  }
  const all = `${plural(data.objects.count, 'object')} (${size(data.objects.bytes)})`;
  findings.replaceChildren(element('li', { class: 'fine' }, element('span', { class: 'mark' }, '✓'),
    element('span', {}, `Nothing looks wrong. There are ${all}.`)));
}

function typeRow(row) {
  const tr = stamp('type-row', row);
  tr.querySelector('.type').append(element('a', { href: pageLink('/types', { q: row.name }) },
    code(row.name)));
  return tr;
}

function show(data) {
  shownId = data.frame.snapshot.id;
  showFindings(data);
  fill(main, data);
  main.querySelector('#top-types tbody').replaceChildren(...data.types.map(typeRow));
  document.getElementById('in-place').hidden = !data.capture.in_place;
  const chart = document.getElementById('chart');
  if (data.collections.length > 0) chart.replaceChildren(heapChart(data.collections));
  else {
    chart.replaceChildren(element('p', { class: 'none' },
      'No collection yet. The first one, or “Take snapshot”, begins this chart.'));
  }
}

const loadNow = () => load('/api/overview', {}, show, { pin: false });

document.addEventListener('snapshot', (event) => {
  const followed = chosenSnapshot() === null || shownId === null;
  if (followed && event.detail.snapshot && event.detail.snapshot.id !== shownId) loadNow();
});
loadNow();
