/* format.js -- how figures look: sizes (base 1024), counts, durations, ages, shares.
 *
 * `formats` maps the data-format of an element in a template to a function from a value to a
 * string or a node; dom.js applies it.  Exact bytes are always in the title of a size.
 */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/* 1234567 -> "1,234,567", as in the texts that the server makes. */
export function count(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/* "1 leaf", "1,204 leaves". */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/* "the only object", "all 1,204 objects". */
export function every(n, one, many = `${one}s`) {
  return n > 1 ? `all ${plural(n, one, many)}` : `the only ${one}`;
}

/* What follows a type's name for FIELD: ".next", "[7].owner", "+16" where no field is known. */
export function fieldSuffix(field) {
  return field === '' || /^[[+]/.test(field) ? field : `.${field}`;
}

function splitSize(bytes) {
  let value = bytes;
  let unit = 0;
  /* At most three digits before the unit, but for exact bytes: 1000 KiB are 1.0 MiB, rounded. */
  while (Math.abs(value) >= (unit === 0 ? 1023.5 : 999.5) && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 ? count(value) : value.toFixed(Math.abs(value) < 99.95 ? 1 : 0);
  return [digits, UNITS[unit]];
}

/* 1258291 -> "1.2 MiB". */
export function size(bytes) {
  return splitSize(bytes).join('\u00a0');
}

export function exactBytes(bytes) {
  return `${count(bytes)} B`;
}

/* The same as an element: the unit in grey, the exact bytes on hover. */
export function sizeNode(bytes) {
  const [digits, unit] = splitSize(bytes);
  const node = document.createElement('span');
  const grey = document.createElement('span');
  node.className = 'size';
  node.title = exactBytes(bytes);
  grey.className = 'unit';
  grey.textContent = unit;
  node.append(`${digits}\u00a0`, grey);
  return node;
}

/* A change, with its sign: "+1,204", "−3". */
export function signed(format) {
  return (n) => (n === 0 ? '–' : `${n > 0 ? '+' : '−'}${format(Math.abs(n))}`);
}

/* The change of a size as an element: exact bytes on hover. */
function sizeChangeNode(bytes) {
  const node = sizeNode(Math.abs(bytes));
  if (bytes !== 0) node.prepend(bytes > 0 ? '+' : '−');
  return bytes === 0 ? '–' : node;
}

/* Three figures at most: 840 ns, 12 ms, 3.4 s, 4 min 10 s. */
export function duration(ns) {
  const steps = [[1e3, 1, 'ns'], [1e6, 1e3, 'µs'], [1e9, 1e6, 'ms'], [6e10, 1e9, 's']];
  for (const [limit, divisor, unit] of steps) {
    if (ns < limit) {
      const value = ns / divisor;
      return `${value < 10 && unit !== 'ns' ? value.toFixed(1) : Math.round(value)}\u00a0${unit}`;
    }
  }
  const seconds = Math.round(ns / 1e9);
  return `${Math.floor(seconds / 60)}\u00a0min ${seconds % 60}\u00a0s`;
}

/* How long ago, coarse: 12 s, 5 min, 3 h, 2 days. */
export function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return `${s}\u00a0s`;
  if (s < 100 * 60) return `${Math.round(s / 60)}\u00a0min`;
  if (s < 48 * 3600) return `${Math.round(s / 3600)}\u00a0h`;
  return `${Math.round(s / 86400)}\u00a0days`;
}

/* 751.2 -> "00:12:31". */
export function clock(seconds) {
  const s = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, '0');
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/* 0.1234 -> "12.3 %". */
export function share(part) {
  return `${(part * 100).toFixed(1)}\u00a0%`;
}

/* A share with a bar behind the figure, of the width of the share. */
function shareNode(part) {
  const node = document.createElement('span');
  const bar = document.createElement('span');
  node.className = 'share';
  bar.className = 'bar';
  bar.style.width = `${Math.max(0, Math.min(1, part)) * 4}rem`;
  node.append(bar, share(part));
  return node;
}

/* Local time, with the offset from UTC and the date in the title. */
export function timeNode(unixMs) {
  const date = new Date(unixMs);
  const node = document.createElement('time');
  node.dateTime = date.toISOString();
  node.title = date.toString();
  node.textContent = date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString() : date.toLocaleString();
  return node;
}

/* A zero that means "none" is quieter than a figure. */
function orDash(format) {
  return (value) => (value === null || value === undefined || value === 0 ? '–' : format(value));
}

export const formats = {
  text: (value) => (value === null || value === undefined ? '' : String(value)),
  count: (value) => count(value),
  countOrDash: orDash(count),
  size: sizeNode,
  sizeOrDash: orDash(sizeNode),
  duration: (value) => duration(value),
  share: shareNode,
  time: timeNode,
  countChange: signed(count),
  sizeChange: sizeChangeNode,
};
