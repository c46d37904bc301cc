/* api.js -- asking the server, and which snapshot is asked about.
 *
 * The numbers of components mean something within one snapshot only, so a page sticks to the
 * snapshot of its first answer ("pinned"), and links to a component say which one they mean.
 */

let pinned = null;

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status; /* 0: no answer at all */
  }
}

/* The snapshot chosen in the page's own address, or null for the newest. */
export function chosenSnapshot() {
  return new URLSearchParams(location.search).get('snapshot');
}

export function pinSnapshot(frame) {
  pinned = frame.snapshot ? String(frame.snapshot.id) : null;
}

/* PATH with PARAMETERS (null and '' are left out) as a local address. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/* A link to another page about the same snapshot.  EXACT: its numbers mean this snapshot only. */
export function pageLink(path, parameters = {}, exact = false) {
  return address(path, { ...parameters, snapshot: chosenSnapshot() ?? (exact ? pinned : null) });
}

async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'gcglass does not answer: it was stopped, or it has ended.');
  }
  if (response.ok) return response;
  let text = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const body = await response.json();
    if (body.error?.text) text = body.error.text;
  } catch {
    /* Not JSON: the status has to do. */
  }
  throw new ApiError(response.status, text);
}

/* GET PATH about the chosen or pinned snapshot. */
export async function get(path, parameters = {}, signal = undefined) {
  const snapshot = chosenSnapshot() ?? pinned;
  const response = await ask(address(path, { ...parameters, snapshot }), { signal });
  return response.json();
}

/* GET PATH about the chosen or the newest snapshot. */
export async function getNewest(path) {
  const response = await ask(address(path, { snapshot: chosenSnapshot() }));
  return response.json();
}

export async function post(path, fields) {
  const response = await ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Gcglass': '1' },
    body: JSON.stringify(fields),
  });
  return response.json();
}
