/* cycle.js -- one cycle in words: its path, the edge to cut and why, what finalizes it.
 */
import { addressLink } from './object_node.js';
import { code, element, stamp } from './dom.js';
import { count, fieldSuffix, plural, sizeNode } from './format.js';
import { isBad, verdictNode } from './verdict.js';

const FOLD_ABOVE = 12; /* of more steps the first ones are shown, the others on demand */
const SHOWN = 8;

/* Steps through the same field of the same type, one after another, as one. */
function runsOf({ path, cut }) {
  const runs = [];
  path.forEach(({ type, field }, i) => {
    const last = runs.at(-1);
    if (last?.type === type && last.field === field) last.times++;
    else runs.push({ type, field, times: 1, cut: false });
    if (cut?.step === i) runs.at(-1).cut = true;
  });
  return runs;
}

/* struct a.next → struct b.owner → struct a, the edge to cut with scissors at its arrow. */
function pathNode(cycle) {
  const runs = runsOf(cycle);
  if (cycle.steps > cycle.path.length || runs.length > FOLD_ABOVE) {
    return element('p', { class: 'path' }, code(cycle.text));
  }
  const words = runs.flatMap((run) => [element('span', { class: run.cut ? 'step cut' : 'step' },
    element('code', { dir: 'ltr' }, run.type, element('b', {}, fieldSuffix(run.field))),
    run.times > 1 ? ` ×${count(run.times)}` : '',
    element('span', { class: 'arrow', title: run.cut ? 'the edge to cut' : null },
      run.cut ? ' ✂→' : ' →')), ' ']);
  return element('p', { class: 'path' }, ...words, code(cycle.path[0]?.type ?? ''));
}

function stepRow(step, i, cycle) {
  const isCut = cycle.cut && i === cycle.cut.step;
  const row = stamp('step-row', {
    ...step, name: step.type + fieldSuffix(step.field), position: i + 1,
  });
  row.classList.toggle('cut', Boolean(isCut));
  row.querySelector('.mark').textContent = isCut ? '✂' : '';
  row.dataset.address = step.address;
  row.querySelector('.object').append(addressLink(step.address));
  return row;
}

function wideRow(content) {
  return element('tr', {}, element('td', { colspan: '6' }, content));
}

/* The table of steps; a long one unfolds, a very long one was cut off by the server. */
function fillSteps(body, cycle) {
  const untold = cycle.steps - cycle.path.length;
  const rows = cycle.path.map((step, i) => stepRow(step, i, cycle));
  if (untold > 0) rows.push(wideRow(`and ${plural(untold, 'more step')} back to the first`));
  if (cycle.path.length <= FOLD_ABOVE) {
    body.replaceChildren(...rows);
    return;
  }
  const more = element('button', { type: 'button', class: 'quiet' },
    `Show ${plural(cycle.path.length - SHOWN, 'more step')}`);
  const last = wideRow(more);
  body.replaceChildren(...rows.slice(0, SHOWN), last);
  more.addEventListener('click', () => last.replaceWith(...rows.slice(SHOWN)));
}

/* What is freed by it, and whether that is all. */
function cutWords(cut) {
  if (cut.everywhere) {
    return ['Cut ', code(cut.everywhere), ' in every object that has it, and the whole cycle is freed.'];
  }
  const words = ['Cut ', code(cut.from_type + fieldSuffix(cut.field)), ' → ', code(cut.to_type)];
  if (cut.freed.count > 0) {
    words.push(': ', sizeNode(cut.freed.bytes),
      `, ${plural(cut.freed.count, 'object')}, ${cut.freed.count === 1 ? 'is' : 'are'} freed.`);
  }
  if (!cut.enough) words.push(' There are other ways round, which stay.');
  return words;
}

function cutNode(cut) {
  const node = stamp('cut', cut);
  node.querySelector('.what').append(...cutWords(cut));
  return node;
}

/* Finalizers that differ only in their object are listed once. */
function finalizerNodes(finalizers) {
  const alike = new Map();
  for (const one of finalizers) {
    const key = [one.type, one.mode, one.function].join('\n');
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  return [...alike.values()].map(([first, ...others]) => element('li', {},
    `${first.mode} finalizer `, first.function ? code(first.function) : '', ' of ',
    code(first.type), others.length > 0 ? ` ×${count(others.length + 1)}` : ' at ',
    others.length > 0 ? '' : code(first.address, 'grey')));
}

/* CYCLE of /api/garbage/N, one of TOTAL in a component with VERDICT, as an <article>. */
export function cycleNode(cycle, total, verdict) {
  const node = stamp('cycle', cycle);
  node.classList.toggle('bad', isBad(cycle.verdict));
  node.querySelector('h2').append(total > 1 ? `Cycle ${cycle.number} of ${count(total)}` : 'The cycle');
  if (cycle.verdict !== verdict) node.querySelector('h2').append(': ', verdictNode(cycle.verdict));
  node.querySelector('details').open = cycle.number === 1;
  node.querySelector('.facts').append(` · ${plural(cycle.objects, 'object')}, `,
    sizeNode(cycle.bytes), cycle.steps === cycle.objects
      ? '' : `; ${cycle.shortest ? 'the shortest way round' : 'a short way round'} has `
        + plural(cycle.steps, 'step'));
  node.querySelector('.path').replaceWith(pathNode(cycle));
  if (cycle.cut) node.querySelector('.cut-place').replaceWith(cutNode(cycle.cut));
  const finalizers = node.querySelector('.finalizers ul');
  finalizers?.append(...finalizerNodes(cycle.finalizers));
  fillSteps(node.querySelector('tbody'), cycle);
  return node;
}
