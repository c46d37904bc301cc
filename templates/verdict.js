/* verdict.js -- the word for what a piece of garbage is, with what it means on hover.
 */
import { element } from './dom.js';

const MEANINGS = {
  'finalization cycle': 'A cycle through an ordered finalizer: never finalized, never freed',
  'leaked cycle': 'A cycle that nothing will ever free',
  cycle: 'A cycle that the collector frees; reference counting would not',
  leaked: 'No pointer leads to it',
  'indirectly leaked': 'Only what is leaked leads to it',
  chain: 'More than one object, no cycle',
  single: 'One object',
};
const BAD = ['finalization cycle', 'leaked cycle', 'leaked'];

export function isBad(verdict) {
  return BAD.includes(verdict);
}

export function verdictNode(verdict) {
  return element('span', {
    class: isBad(verdict) ? 'verdict-word bad' : 'verdict-word', title: MEANINGS[verdict],
  }, isBad(verdict) ? '⚠ ' : '', element('span', { class: 'word' }, verdict));
}
