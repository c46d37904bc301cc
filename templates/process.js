/* process.js -- the page /process: memory, collector, threads, modules.
 *
 * The memory is that of now while the process lives: asked again every few seconds, not while the
 * tab is hidden.
 */
import { element, fill, stamp } from './dom.js';
import { count, duration, sizeNode } from './format.js';
import { load, startPage } from './page.js';
import { threadRow } from './thread_row.js';

const AGAIN_MS = 3000;
const main = document.querySelector('main');

const MEMORY = [
  ['virtual_bytes', 'Virtual'], ['peak_virtual_bytes', 'its peak', 'part'],
  ['resident_bytes', 'Resident'], ['peak_resident_bytes', 'its peak', 'part'],
  ['anonymous_bytes', 'anonymous', 'part'], ['file_bytes', 'of files', 'part'],
  ['shared_bytes', 'shared', 'part'], ['locked_bytes', 'Locked'], ['data_bytes', 'Data'],
  ['stack_bytes', 'Stack of the first thread'], ['code_bytes', 'Code'], ['library_bytes', 'Libraries'],
  ['page_table_bytes', 'Page tables'], ['swap_bytes', 'Swapped out'],
];
const COUNTS = [['threads', 'Threads'], ['major_faults', 'Major page faults'], ['minor_faults', 'Minor page faults']];
const SMAPS = [
  ['pss_bytes', 'Private, and its share of shared memory'], ['private_dirty_bytes', 'Private, written'],
  ['private_clean_bytes', 'Private, not written'], ['shared_dirty_bytes', 'Shared, written'],
  ['shared_clean_bytes', 'Shared, not written'], ['referenced_bytes', 'Touched lately'], ['swap_bytes', 'Swapped out'],
];

function figures(list, data, format) {
  return list.flatMap(([key, name, part]) => [
    element('dt', { class: part ?? null }, name),
    element('dd', {}, data[key] === null || data[key] === undefined ? '–' : format(data[key])),
  ]);
}

const formats = { bytes: sizeNode, count, ns: duration };

function words(name) {
  return name.replaceAll('_', ' ');
}

function setting(name, value, meaning) {
  return element('div', {}, element('dt', {}, words(name), ': ', value), element('dd', { class: 'grey' }, meaning));
}

function show(data) {
  document.getElementById('bones')?.remove();
  document.getElementById('all').hidden = false;
  fill(main, data);
  document.getElementById('memory').replaceChildren(...figures(MEMORY, data.process, sizeNode),
    ...figures(COUNTS, data.process, count));
  document.getElementById('smaps').replaceChildren(...(data.smaps ? figures(SMAPS, data.smaps, sizeNode)
    : [element('dt', {}, 'Not available on this system')]));
  document.getElementById('statistics').replaceChildren(...data.collector.statistics.map((one) => setting(
    one.name, formats[one.unit](one.value), one.meaning)));
  document.getElementById('settings').replaceChildren(
    setting('version', data.collector.version, 'of the Boehm collector the program runs with'),
    ...data.collector.settings.map((one) => setting(one.name, element('span', {}, one.value), one.meaning)));
  document.querySelector('#threads tbody').replaceChildren(...data.threads.map(threadRow));
  document.querySelector('#modules tbody').replaceChildren(
    ...data.modules.map((module) => stamp('module-row', module)));
  if (data.frame.state === 'live') setTimeout(again, AGAIN_MS);
}

const start = () => load('/api/process', {}, show, { pin: false });

function again() {
  if (!document.hidden) start();
  else document.addEventListener('visibilitychange', again, { once: true });
}

startPage(start);
