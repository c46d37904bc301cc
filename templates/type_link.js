/* type_link.js -- a type's name as a link to its page.
 */
import { pageLink } from './api.js';
import { code, element } from './dom.js';

export function typeHref(name) {
  return pageLink(`/tracker/type/${encodeURIComponent(name)}`);
}

export function typeLink(name) {
  return element('a', { href: typeHref(name) }, code(name));
}
