/* chart.js -- the heap and the pauses over the last collections, as a small SVG.
 *
 * Above, against time: the heap's size as a line and what is in use as an area.  Below: one bar
 * for each collection, as high as its pause.  A pointer over it, or the arrow keys, read one
 * collection out in words.  Colours come from the style sheet by class.
 */
import { element } from './dom.js';
import { age, count, duration, size } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 720;
const HEAP_TOP = 8;
const HEAP_BOTTOM = 132;
const PAUSE_TOP = 148;
const PAUSE_BOTTOM = 196;
const HEIGHT = 216;
const LEFT = 64;
const RIGHT = WIDTH - 8;

function svg(name, attributes = {}, text = null) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return node;
}

function scale(from, to, low, high) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

function label(x, y, text, anchor = 'end') {
  return svg('text', { x, y, 'text-anchor': anchor }, text);
}

function axes(first, topBytes, topPause) {
  const group = svg('g', { class: 'axes' });
  for (const y of [HEAP_TOP, HEAP_BOTTOM, PAUSE_BOTTOM]) {
    group.append(svg('line', { x1: LEFT, x2: RIGHT, y1: y, y2: y }));
  }
  group.append(label(LEFT - 6, HEAP_TOP + 8, size(topBytes)), label(LEFT - 6, HEAP_BOTTOM, '0'),
    label(LEFT - 6, PAUSE_TOP + 8, duration(topPause)), label(LEFT - 6, PAUSE_BOTTOM, '0'),
    label(LEFT, HEIGHT - 4, `${duration(-first.at_ms * 1e6)} before`, 'start'),
    label(RIGHT, HEIGHT - 4, 'the snapshot'));
  return group;
}

function readOut(one) {
  const used = one.heap_bytes - one.free_bytes;
  const when = one.at_ms > -1000 ? 'at the snapshot' : `${age(-one.at_ms / 1000)} before the snapshot`;
  return `Collection ${count(one.number)}, ${when}: `
    + `${size(used)} in use of ${size(one.heap_bytes)}, pause ${duration(one.pause_ns)}`
    + (one.mark_ns ? `, of it marking ${duration(one.mark_ns)}` : '');
}

/* A figure of COLLECTIONS (of /api/overview, any order); a single one is told in words. */
export function heapChart(collections) {
  const list = [...collections].sort((a, b) => a.at_ms - b.at_ms || a.number - b.number);
  if (list.length === 1) return element('p', { class: 'none' }, `${readOut(list[0])}.`);
  const topBytes = Math.max(1, ...list.map((one) => one.heap_bytes));
  const topPause = Math.max(1, ...list.map((one) => one.pause_ns));
  const x = scale(LEFT + 4, RIGHT - 4, list[0].at_ms, Math.max(0, list.at(-1).at_ms));
  const y = scale(HEAP_BOTTOM, HEAP_TOP, 0, topBytes);
  const pauseY = scale(PAUSE_BOTTOM, PAUSE_TOP, 0, topPause);
  const at = (one, bytes) => `${x(one.at_ms).toFixed(1)},${y(bytes).toFixed(1)}`;
  const heap = list.map((one) => at(one, one.heap_bytes));
  const used = list.map((one) => at(one, one.heap_bytes - one.free_bytes));
  const base = (one) => `${x(one.at_ms).toFixed(1)},${HEAP_BOTTOM}`;

  const picture = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', tabindex: '0',
    'aria-label': `Heap after each of the last ${list.length} collections, and their pauses.`
      + ` Last: ${readOut(list.at(-1))}`,
  });
  picture.append(axes(list[0], topBytes, topPause),
    svg('polygon', { class: 'used', points: [base(list[0]), ...used, base(list.at(-1))].join(' ') }),
    svg('polyline', { class: 'heap', points: heap.join(' ') }));
  for (const one of list) {
    const height = Math.max(1, PAUSE_BOTTOM - pauseY(one.pause_ns));
    picture.append(svg('rect', {
      class: 'pause', x: (x(one.at_ms) - 1.5).toFixed(1), width: 3,
      y: (PAUSE_BOTTOM - height).toFixed(1), height: height.toFixed(1),
    }));
  }
  const rule = svg('line', { class: 'rule', y1: HEAP_TOP, y2: PAUSE_BOTTOM, visibility: 'hidden' });
  picture.append(rule);
  return withReading(picture, rule, list, x);
}

function withReading(picture, rule, list, x) {
  const words = element('figcaption', {}, readOut(list.at(-1)));
  let chosen = list.length - 1;
  const choose = (index) => {
    chosen = Math.max(0, Math.min(list.length - 1, index));
    words.textContent = readOut(list[chosen]);
    rule.setAttribute('visibility', 'visible');
    rule.setAttribute('x1', x(list[chosen].at_ms));
    rule.setAttribute('x2', x(list[chosen].at_ms));
  };
  picture.addEventListener('pointermove', (event) => {
    const box = picture.getBoundingClientRect();
    const where = ((event.clientX - box.left) / box.width) * WIDTH;
    const far = (one) => Math.abs(x(one.at_ms) - where);
    choose(list.reduce((best, one, i) => (far(one) < far(list[best]) ? i : best), 0));
  });
  picture.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(chosen + step);
  });
  return element('figure', { class: 'chart' },
    element('p', { class: 'legend' }, element('span', { class: 'key used' }), ' in use ',
      element('span', { class: 'key heap' }), ' heap size ',
      element('span', { class: 'key pause' }), ' pause'),
    picture, words);
}
