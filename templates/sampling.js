/* sampling.js -- starting, stopping and taking samples, and the words for how it stands.
 */
import { ApiError, post } from './api.js';
import { element } from './dom.js';
import { notice } from './frame.js';
import { plural } from './format.js';

const LEAST_MS = 1000; /* between two looks */
const IDLE_MS = 5000;

async function tryTo(what, path, fields) {
  try {
    await post(path, fields);
    notice(null);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice(`${what}: ${error.message}`, 'warning');
    return false;
  }
}

/* EVERY seconds; 0 stops. */
export function setSampling(every) {
  return tryTo('Sampling stays as it was', '/api/sampling', { every: String(every) });
}

export function takeSample(description) {
  return tryTo('No sample was taken', '/api/sample', { description });
}

/* "Start sampling every second"; then calls AFTER. */
export function startButton(after) {
  const button = element('button', { type: 'button', class: 'start-sampling' }, 'Start sampling every second');
  button.addEventListener('click', async () => {
    button.disabled = true;
    if (await setSampling(1)) after();
    button.disabled = false;
  });
  return button;
}

/* What follow of live.js wants to hear of ANSWER (of /api/tracker). */
export function standing({ frame, sampling, total }) {
  const samples = plural(total, 'sample');
  if (frame.state === 'file') return { every: null, text: `${samples}, from a file.` };
  if (frame.state === 'ended') {
    return { every: null, text: `The process has ended: ${samples}, and none will come.` };
  }
  if (sampling.every_s > 0) {
    const every = sampling.every_s === 1 ? 'every second' : `every ${sampling.every_s} s`;
    return {
      every: Math.max(LEAST_MS, sampling.every_s * 1000), text: `Sampling ${every}: ${samples}.`, kind: 'now',
    };
  }
  return { every: IDLE_MS, text: total === 0 ? 'Not sampling.' : `Not sampling: ${samples}.` };
}
