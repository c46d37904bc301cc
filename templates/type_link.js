/* type_link.js -- a type's name as a link to its page.
 */
import { pageLink } from './api.js';
import { code, element } from './dom.js';

export function typeHref(name) {
  return pageLink(`/tracker/type/${encodeURIComponent(name)}`);
}

/* Why a type was inferred, after that word. */
export function inferredFrom(type) {
  if (!type.from) return 'from what points to it';
  return type.from.startsWith('from ') ? type.from : `from the ${type.from}`;
}

export function typeLink(name) {
  return element('a', { href: typeHref(name) }, code(name));
}
