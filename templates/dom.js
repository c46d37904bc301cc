/* dom.js -- the few helpers with which pages turn JSON into elements.
 *
 * Text from the profiled program reaches the document through textContent and setAttribute only,
 * never as markup.
 */
import { formats } from './format.js';

/* element ('a', { href: '/', class: 'x', onclick: f }, 'text', node, null) */
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/* Code: types, fields, addresses, functions.  Isolated, so that text that runs from right to left
   cannot reorder what is around it. */
export function code(text, className = null) {
  return element('code', { class: className, dir: 'ltr' }, text);
}

function lookUp(data, path) {
  return path.split('.').reduce((value, key) => (value === null ? null : value?.[key]), data);
}

/* Fills ROOT and every element below it that has data-field from DATA, through its data-format.  An
   element below it with data-if is removed when that member is absent, null, false, 0 or empty. */
export function fill(root, data) {
  for (const node of root.querySelectorAll('[data-if]')) {
    const value = lookUp(data, node.dataset.if);
    if (!value || (Array.isArray(value) && value.length === 0)) node.remove();
  }
  const below = root.querySelectorAll('[data-field]');
  for (const node of root.matches('[data-field]') ? [root, ...below] : below) {
    const value = lookUp(data, node.dataset.field);
    const known = value !== null && value !== undefined;
    const format = node.dataset.format ?? 'text';
    node.replaceChildren(known || format === 'text' ? formats[format](value) : '–');
  }
  return root;
}

/* A filled copy of the only element in the <template> with ID. */
export function stamp(id, data = {}) {
  const template = document.getElementById(id);
  return fill(template.content.firstElementChild.cloneNode(true), data);
}

/* Calls ACTION at most once per pause of MS. */
export function debounce(action, ms) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), ms);
  };
}

export function isTyping(target) {
  return target instanceof Element
    && (target.isContentEditable || target.matches('input:not([type=checkbox]), textarea, select'));
}
