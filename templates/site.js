/* site.js -- a place in the program that allocates: file and line, function, call stack.
 */
import { code, element, stamp } from './dom.js';

/* "session.c:88 (new_session)", or module+offset where there is no debug information. */
export function frameText(frame) {
  const where = frame.file
    ? `${frame.file}${frame.line ? `:${frame.line}` : ''}`
    : `${frame.module ?? 'unknown module'}+${frame.offset ?? '?'}`;
  return frame.function ? `${frame.function} (${where})` : where;
}

/* A row of /api/sites as a list item; its call stack, innermost first, folds out. */
export function siteNode(site) {
  const item = stamp('site', site);
  const stack = site.stack ?? [];
  const line = site.file || site.function ? frameText(site) : frameText(stack[0] ?? {});
  item.querySelector('.place').append(code(line));
  if (stack.length > 1) {
    item.append(element('details', {},
      element('summary', {}, `call stack, ${stack.length} frames`),
      element('ol', { class: 'stack' }, ...stack.map((frame) => element('li', {},
        code(frameText(frame)), frame.inlined ? element('small', {}, 'inlined') : null)))));
  }
  return item;
}
