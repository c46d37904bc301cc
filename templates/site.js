/* site.js -- a place in the program that allocates: file and line, function, call stack.
 */
import { code, element } from './dom.js';
import { plural, size } from './format.js';

/* "session.c:88 (new_session)", or module+offset where there is no debug information: as the server
   says it of an object. */
export function frameText(frame) {
  const where = frame.file
    ? `${frame.file}${frame.line ? `:${frame.line}` : ''}`
    : `${frame.module ?? 'unknown module'}+${frame.offset ?? '?'}`;
  return frame.function ? `${where} (${frame.function})` : where;
}

/* A row of /api/sites as a list item; its call stack, innermost first, folds out. */
export function siteNode(site) {
  const facts = [`${plural(site.count, 'object')}, ${size(site.bytes)}`];
  if (site.garbage_count > 0) {
    facts.push(`garbage: ${plural(site.garbage_count, 'object')}, ${size(site.garbage_bytes)}`);
  }
  const stack = site.stack ?? [];
  const line = site.file || site.function ? frameText(site) : frameText(stack[0] ?? {});
  const item = element('li', {}, code(line), ' ', element('span', { class: 'facts' }, facts.join('; ')));
  if (stack.length > 1) {
    item.append(element('details', {},
      element('summary', {}, `call stack, ${stack.length} frames`),
      element('ol', { class: 'stack' }, ...stack.map((frame) => element('li', {},
        code(frameText(frame)), frame.inlined ? element('small', {}, 'inlined') : null)))));
  }
  return item;
}
