/* site.js -- a place in the program that allocates: file and line, function, call stack.
 */
import { pageLink } from './api.js';
import { code, element } from './dom.js';
import { plural, size } from './format.js';

/* A path without "." and "..", as far as they can be resolved. */
export function shortPath(path) {
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && !['', '..'].includes(parts.at(-1))) parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/* "session.c:88 (new_session)", or module+offset where there is no debug information: as the server
   says it of an object. */
export function frameText(frame) {
  const where = frame.file
    ? `${frame.file.split('/').pop()}${frame.line ? `:${frame.line}` : ''}`
    : `${frame.module ?? 'unknown module'}+${frame.offset ?? '?'}`;
  return frame.function ? `${where} (${frame.function})` : where;
}

/* The same, the whole path on hover. */
export function frameNode(frame) {
  const node = code(frameText(frame));
  if (frame.file) node.title = `${shortPath(frame.file)}${frame.line ? `:${frame.line}` : ''}`;
  return node;
}

/* A row of /api/sites as a list item that leads to its objects; its call stack, innermost first,
   folds out. */
export function siteNode(site) {
  const facts = [`${plural(site.count, 'object')}, ${size(site.bytes)}`];
  if (site.garbage_count > 0) {
    facts.push(`garbage: ${plural(site.garbage_count, 'object')}, ${size(site.garbage_bytes)}`);
  }
  const stack = site.stack ?? [];
  const line = frameNode(site.file || site.function ? site : stack[0] ?? {});
  const item = element('li', {}, element('a', {
    href: pageLink('/objects', { site: site.id }, true), title: 'All that were allocated here',
  }, line), ' ', element('span', { class: 'facts' }, facts.join('; ')));
  if (stack.length > 1) {
    item.append(element('details', {},
      element('summary', {}, `call stack, ${stack.length} frames`),
      element('ol', { class: 'stack' }, ...stack.map((frame) => element('li', {},
        frameNode(frame), frame.inlined ? element('small', {}, 'inlined') : null)))));
  }
  return item;
}
