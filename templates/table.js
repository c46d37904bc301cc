/* table.js -- a table whose rows are sorted, filtered and paged by the server.
 *
 * The skeleton is HTML: <section class="table" id="x"> with a <form> of filters, a <table> whose
 * <th data-sort="column"> can be sorted by, a <tbody> with a skeleton row, and <p class="pager">.
 * Headers and pages become real links; the state (sort, order, offset, filters) is the page's
 * query, so that it can be bookmarked and gone back to.
 */
import { address } from './api.js';
import { debounce, element } from './dom.js';
import { count } from './format.js';
import { load } from './page.js';
import { addKey } from './keys.js';

const LIMIT = 50;
const TYPING_MS = 150;

export class Table {
  /* ROOT: the section.  PATH: the JSON.  ROWOF (row, data): the <tr> of a row.  EMPTY (state,
     data): a node for no rows.  SHOWN (data): called with each answer before its rows are drawn.
     DEFAULTS: sort and order without a query.  WAITS: as of load in page.js.  PREFIX: of the names
     in the page's query, for a page's second table. */
  constructor(root, { path, rowOf, empty, shown = () => {}, defaults, waits = true, prefix = '' }) {
    Object.assign(this, { root, path, rowOf, empty, shown, defaults, waits, prefix });
    this.form = root.querySelector('form');
    this.body = root.querySelector('tbody');
    this.pager = root.querySelector('.pager');
    this.headers = [...root.querySelectorAll('th[data-sort]')];
    this.controller = null;
    this.drawHeaders();
    this.watch();
  }

  get filters() {
    return [...this.form.elements].filter((one) => one.name);
  }

  /* The state in the page's address. */
  state() {
    const query = new URLSearchParams(location.search);
    const value = (name) => query.get(this.prefix + name);
    const state = {
      sort: value('sort') ?? this.defaults.sort,
      order: value('order') ?? this.defaults.order,
      offset: Number(value('offset') ?? 0),
    };
    for (const filter of this.filters) state[filter.name] = value(filter.name) ?? '';
    return state;
  }

  /* The page's address with CHANGES to the state; what is not the table's stays. */
  addressOf(changes) {
    const parameters = Object.fromEntries(new URLSearchParams(location.search));
    for (const [name, value] of Object.entries({ offset: null, ...changes })) {
      parameters[this.prefix + name] = value;
    }
    const [sort, order, offset] = ['sort', 'order', 'offset'].map((name) => this.prefix + name);
    if (parameters[sort] === this.defaults.sort && parameters[order] === this.defaults.order) {
      delete parameters[sort];
      delete parameters[order];
    }
    if (!parameters[offset]) delete parameters[offset];
    return address(location.pathname, parameters);
  }

  /* Shows the rows of TARGET.  Without an answer the rows stay, and so does their address. */
  async go(target, replace = false) {
    const before = location.href;
    if (replace) history.replaceState(null, '', target);
    else history.pushState(null, '', target);
    const answered = await this.load();
    if (!answered && location.href !== before) {
      history.replaceState(null, '', before);
      this.drawHeaders();
      this.drawForm(this.state());
    }
    return answered;
  }

  watch() {
    const typed = debounce(() => this.applyFilters(true), TYPING_MS);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.applyFilters(false);
    });
    this.form.addEventListener('input', (event) => {
      if (event.target.type === 'checkbox') this.applyFilters(false);
      else typed();
    });
    for (const chip of this.form.querySelectorAll('button[name]')) {
      chip.addEventListener('click', () => this.go(this.addressOf({ [chip.name]: null })));
    }
    this.root.addEventListener('click', (event) => {
      const link = event.target.closest('a[data-table-link]');
      const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (!link || !plain) return;
      event.preventDefault();
      this.go(link.href);
    });
    window.addEventListener('popstate', () => this.load());
    if (this.prefix) return;
    addKey('[', 'Previous rows', () => this.pager.querySelector('[rel=prev]')?.click());
    addKey(']', 'Next rows', () => this.pager.querySelector('[rel=next]')?.click());
  }

  applyFilters(replace) {
    const changes = {};
    for (const filter of this.filters) {
      const off = filter.type === 'checkbox' && !filter.checked;
      changes[filter.name] = off ? null : filter.value.trim();
    }
    return this.go(this.addressOf(changes), replace);
  }

  /* Shows rows that match filters given by CHANGES, from elsewhere than the form. */
  show(changes) {
    return this.go(this.addressOf(changes));
  }

  drawHeaders() {
    const state = this.state();
    for (const header of this.headers) {
      const column = header.dataset.sort;
      const active = column === state.sort;
      const first = header.dataset.first ?? 'desc';
      const other = state.order === 'asc' ? 'desc' : 'asc';
      const text = header.dataset.text ??= header.textContent;
      header.setAttribute('aria-sort',
        active ? (state.order === 'asc' ? 'ascending' : 'descending') : 'none');
      header.replaceChildren(element('a', {
        href: this.addressOf({ sort: column, order: active ? other : first }),
        'data-table-link': true,
      }, text));
    }
  }

  drawForm(state) {
    for (const filter of this.filters) {
      if (filter.type === 'checkbox') filter.checked = state[filter.name] === filter.value;
      else if (filter.type === 'button') this.drawChip(filter, state[filter.name]);
      else if (filter !== document.activeElement) filter.value = state[filter.name];
    }
  }

  /* A filter that a link has set: it can only be taken away. */
  drawChip(button, value) {
    button.value = value;
    button.hidden = value === '';
    button.replaceChildren(`with ${value} ✕`);
  }

  drawPager(data) {
    const last = data.offset + data.rows.length;
    const link = (rel, text, offset) => element('a', {
      href: this.addressOf({ offset }), rel, class: 'button quiet', 'data-table-link': true,
    }, text);
    this.pager.replaceChildren();
    if (data.rows.length === 0) return;
    this.pager.append(element('span', {},
      `${count(data.offset + 1)}–${count(last)} of ${count(data.total)}`));
    if (data.offset > 0) {
      this.pager.append(link('prev', '‹ Previous', Math.max(0, data.offset - LIMIT)));
    }
    if (last < data.total) this.pager.append(link('next', 'Next ›', data.offset + LIMIT));
  }

  drawRows(data) {
    const state = this.state();
    this.shown(data);
    if (data.rows.length > 0) {
      this.body.replaceChildren(...data.rows.map((row) => this.rowOf(row, data)));
    } else {
      const columns = this.root.querySelectorAll('thead th').length;
      this.body.replaceChildren(element('tr', { class: 'empty' },
        element('td', { colspan: columns }, this.emptyNode(state, data))));
    }
    this.drawPager(data);
  }

  emptyNode(state, data) {
    const set = this.filters.filter((filter) => !filter.required && state[filter.name]);
    if (set.length === 0) return this.empty(data);
    const without = Object.fromEntries(set.map((filter) => [filter.name, null]));
    return element('p', {}, 'Nothing matches. ',
      element('a', { href: this.addressOf(without), 'data-table-link': true }, 'Show all'));
  }

  /* Asks for the rows of the current address; answers as load of page.js. */
  async load() {
    this.drawHeaders();
    this.drawForm(this.state());
    this.body.setAttribute('aria-busy', 'true');
    return this.ask();
  }

  /* The same rows as they are now, unless the reader is busy with them. */
  async refresh() {
    const busy = this.body.contains(document.activeElement) || this.body.hasAttribute('aria-busy');
    return busy || this.ask();
  }

  async ask() {
    this.controller?.abort();
    this.controller = new AbortController();
    const answered = await load(this.path, { ...this.state(), limit: LIMIT }, (data) => {
      this.body.removeAttribute('aria-busy');
      this.drawRows(data);
    }, { signal: this.controller.signal, waits: this.waits });
    if (!answered) this.body.removeAttribute('aria-busy');
    return answered;
  }
}
