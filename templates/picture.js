/* picture.js -- the picture of a component, inside the page: fetched, cleaned, zoomed, linked.
 *
 * The renderer's SVG is parsed as XML into a document of its own, and only elements and attributes
 * on the lists below are copied into the page: nothing in it can load, run or link anything.
 * Colours and fonts come from the style sheet, so that the picture follows the theme; what the
 * renderer says about a node or an edge arrives as its class.
 */
import { element } from './dom.js';
import { plural } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const ELEMENTS = new Set(['svg', 'g', 'path', 'polygon', 'polyline', 'ellipse', 'text', 'tspan',
  'title']);
const ATTRIBUTES = new Set(['d', 'points', 'cx', 'cy', 'rx', 'ry', 'x', 'y', 'dx', 'dy',
  'transform', 'viewBox', 'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity',
  'stroke-dasharray', 'text-anchor', 'font-family', 'font-size', 'font-weight', 'font-style']);
const CLASSES = new Set(['graph', 'node', 'edge', 'cycle', 'cut', 'rest', 'address', 'cluster']);
const NODE_ID = /^n(0x[0-9a-f]+)$/;
const ZOOM_STEP = 1.25;
const MIN_SCALE = 0.02;
const READABLE = 0.4; /* the smallest scale at which labels can be read */
const LIFE_SIZE = 1.35; /* points are drawn at about their size on paper */
const MAX_SCALE = 8;

/* Copies what is allowed of SOURCE (iteratively: its depth is the renderer's) into a new node. */
function cleanCopy(source) {
  const root = document.createElementNS(SVG, 'svg');
  const work = [[source, root]];
  while (work.length > 0) {
    const [from, to] = work.pop();
    copyAttributes(from, to);
    for (const child of from.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) to.append(child.data);
      else if (child.nodeType === Node.ELEMENT_NODE) {
        /* Graphviz puts a node that has a tooltip into a link: its content without the link. */
        const name = child.localName === 'a' ? 'g' : child.localName;
        if (!ELEMENTS.has(name)) continue;
        const copy = document.createElementNS(SVG, name);
        to.append(copy);
        work.push([child, copy]);
      }
    }
  }
  return root;
}

function copyAttributes(from, to) {
  for (const { name, value } of from.attributes) {
    if (ATTRIBUTES.has(name)) to.setAttribute(name, value);
  }
  for (const word of from.classList ?? []) if (CLASSES.has(word)) to.classList.add(word);
  const node = NODE_ID.exec(from.id);
  if (node) to.dataset.node = node[1];
}

async function refusal(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.startsWith('text/html')) return `No picture: the server answered ${response.status}.`;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return page.getElementById('error-text')?.textContent ?? `No picture: error ${response.status}.`;
}

export class Picture {
  /* ROOT: the section with the tool bar and <div class="canvas">.  POINTED (address or null): a
     node is under the pointer.  PICKED (address): a node was clicked. */
  constructor(root, { pointed, picked }) {
    Object.assign(this, { root, pointed, picked, svg: null, nodes: new Map(), box: null });
    this.canvas = root.querySelector('.canvas');
    this.watchButtons();
    this.watchPointer();
    this.watchKeys();
  }

  /* Fetches and shows URL; DOT is the address of its text, offered when there is no picture.  FOCUS:
     addresses of the nodes to look at when the whole is too big to read. */
  async load(url, dot, focus) {
    this.focus = focus;
    this.svg = null;
    this.nodes.clear();
    this.canvas.replaceChildren(element('p', { class: 'busy' }, 'Drawing…'));
    try {
      const response = await fetch(url, { headers: { Accept: 'image/svg+xml, text/html' } });
      if (!response.ok) return this.sayWhyNot(await refusal(response), dot);
      const text = await response.text();
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
      if (parsed.querySelector('parsererror') || parsed.documentElement.localName !== 'svg') {
        return this.sayWhyNot('No picture: the renderer sent something else.', dot);
      }
      return this.show(cleanCopy(parsed.documentElement));
    } catch (error) {
      return this.sayWhyNot(`No picture: gcglass does not answer: ${error.message}.`, dot);
    }
  }

  sayWhyNot(reason, dot) {
    this.canvas.replaceChildren(element('div', { class: 'no-picture' },
      element('p', {}, reason),
      element('p', {}, element('a', { href: dot, download: true }, 'The graph as text (DOT)'))));
  }

  show(svg) {
    this.svg = svg;
    svg.setAttribute('role', 'img');
    for (const node of svg.querySelectorAll('[data-node]')) {
      this.nodes.set(node.dataset.node, node);
    }
    svg.setAttribute('aria-label', `Reference graph of ${plural(this.nodes.size, 'object')}`);
    this.canvas.replaceChildren(svg);
    const [x, y, width, height] = (svg.getAttribute('viewBox') ?? '0 0 100 100')
      .split(/[ ,]+/).map(Number);
    this.whole = { x, y, width, height };
    this.begin();
  }

  /* Pixels of the page for one unit of the picture. */
  get scale() {
    return this.canvas.clientWidth / this.box.width;
  }

  apply() {
    const { x, y, width, height } = this.box;
    this.svg?.setAttribute('viewBox', `${x} ${y} ${width} ${height}`);
  }

  /* The first sight: everything when that can be read, else what matters. */
  begin() {
    if (this.canvas.clientWidth === 0) return; /* not shown: once more when it is */
    this.fit();
    if (this.scale >= READABLE) return;
    const present = this.focus.filter((one) => this.nodes.has(one));
    if (present.length === 0 || this.lookAtNodes(present)) return;
    this.lookAtNodes(present.slice(0, 2));
  }

  /* Brings the nodes of ADDRESSES into sight; answers whether they can be read all at once. */
  lookAtNodes(addresses) {
    const boxes = addresses.map((one) => this.nodes.get(one).getBoundingClientRect());
    const canvas = this.canvas.getBoundingClientRect();
    const { x, y } = this.box;
    const left = x + (Math.min(...boxes.map((box) => box.left)) - canvas.left) / this.scale;
    const right = x + (Math.max(...boxes.map((box) => box.right)) - canvas.left) / this.scale;
    const top = y + (Math.min(...boxes.map((box) => box.top)) - canvas.top) / this.scale;
    const bottom = y + (Math.max(...boxes.map((box) => box.bottom)) - canvas.top) / this.scale;
    const scale = 0.95 * Math.min(canvas.width / (right - left), canvas.height / (bottom - top));
    this.lookAt((left + right) / 2, (top + bottom) / 2,
      Math.min(LIFE_SIZE, Math.max(READABLE, scale)));
    return scale >= READABLE;
  }

  /* The whole picture, but never bigger than life. */
  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!this.svg || clientWidth === 0) return; /* a canvas that is not shown has no size */
    const scale = Math.min(LIFE_SIZE, clientWidth / this.whole.width, clientHeight / this.whole.height);
    this.lookAt(this.whole.x + this.whole.width / 2, this.whole.y + this.whole.height / 2, scale);
  }

  lookAt(x, y, scale) {
    const width = this.canvas.clientWidth / scale;
    const height = this.canvas.clientHeight / scale;
    this.box = { x: x - width / 2, y: y - height / 2, width, height };
    this.apply();
  }

  /* Zooms by FACTOR around the point (X, Y) of the canvas, in pixels (default: its middle). */
  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    if (!this.svg) return;
    const scale = Math.max(MIN_SCALE, Math.min(MAX_SCALE, this.scale * factor));
    const keptX = this.box.x + x / this.scale;
    const keptY = this.box.y + y / this.scale;
    this.box = {
      x: keptX - x / scale,
      y: keptY - y / scale,
      width: this.canvas.clientWidth / scale,
      height: this.canvas.clientHeight / scale,
    };
    this.apply();
  }

  /* Moves by pixels. */
  pan(dx, dy) {
    if (!this.svg) return;
    const { scale } = this;
    this.box.x -= dx / scale;
    this.box.y -= dy / scale;
    this.apply();
  }

  /* Marks the node of ADDRESS (null: none); answers whether it is in the picture. */
  highlight(address) {
    this.svg?.querySelector('.lit')?.classList.remove('lit');
    const node = this.nodes.get(address);
    node?.classList.add('lit');
    return Boolean(node);
  }

  /* Brings the node of ADDRESS into the middle, big enough to read. */
  centre(address) {
    if (!this.highlight(address)) return false;
    const node = this.nodes.get(address).getBoundingClientRect();
    const canvas = this.canvas.getBoundingClientRect();
    const x = this.box.x + (node.left + node.width / 2 - canvas.left) / this.scale;
    const y = this.box.y + (node.top + node.height / 2 - canvas.top) / this.scale;
    this.lookAt(x, y, Math.max(1, this.scale));
    return true;
  }

  watchButtons() {
    const actions = {
      in: () => this.zoom(ZOOM_STEP),
      out: () => this.zoom(1 / ZOOM_STEP),
      fit: () => this.fit(),
    };
    for (const button of this.root.querySelectorAll('button[data-zoom]')) {
      button.addEventListener('click', actions[button.dataset.zoom]);
    }
    new ResizeObserver(() => this.svg && this.begin()).observe(this.canvas);
  }

  watchPointer() {
    let drag = null;
    const nodeOf = (event) => event.target.closest?.('[data-node]')?.dataset.node ?? null;
    /* The wheel alone scrolls the page; with Ctrl, or a pinch, it zooms. */
    this.canvas.addEventListener('wheel', (event) => {
      if (!this.svg || !(event.ctrlKey || this.canvas.contains(document.activeElement))) return;
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.canvas.addEventListener('pointerdown', (event) => {
      if (event.button === 0) drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (!drag) {
        const node = nodeOf(event);
        this.highlight(node);
        this.pointed(node);
        return;
      }
      const dx = event.clientX - drag.x;
      const dy = event.clientY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      if (!drag.moved) this.canvas.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, moved: true };
      this.pan(dx, dy);
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const node = drag && !drag.moved ? nodeOf(event) : null;
      drag = null;
      if (node) this.picked(node);
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.highlight(null);
      this.pointed(null);
    });
  }

  watchKeys() {
    const actions = {
      '+': () => this.zoom(ZOOM_STEP),
      '=': () => this.zoom(ZOOM_STEP),
      '-': () => this.zoom(1 / ZOOM_STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.pan(40, 0),
      ArrowRight: () => this.pan(-40, 0),
      ArrowUp: () => this.pan(0, 40),
      ArrowDown: () => this.pan(0, -40),
    };
    this.canvas.addEventListener('keydown', (event) => {
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }
}
