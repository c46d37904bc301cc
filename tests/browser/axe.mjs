/* axe.mjs -- the rules of axe-core, which finds what keeps readers with a screen reader,
 * a keyboard or weak eyes out, on every page, at both widths and in both themes.
 *
 * In parts, one for each test: what is looked at, and in which themes (axe-PART.test).
 *
 * axe-core is no part of gcglass: npm fetches the version of package-lock.json into the build
 * directory, once, whichever part comes first.  Where it cannot, the tests are skipped and say why.
 * The library comes into the page as a script of the driver's, which the page's content security
 * policy does not concern.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Gcglass } from './gcglass.mjs';
import { allPages } from './walk.mjs';

const NPM_MS = 120000;
const WIDTHS = [1280, 400];
const COLLECTS = ['--contents', '--lifetimes', '--', 'examples/observer', '--wait'];
const MALLOC = ['--', 'perl', '-e', 'my %heap = map { $_ => [$_] } 1 .. 1000; sleep 1 while 1'];
/* PROGRAM: arguments of gcglass run; none: a snapshot. */
const PARTS = {
  file: { name: 'a snapshot', themes: ['light', 'dark'] },
  'collects-light': { name: 'a program that collects', themes: ['light'], program: COLLECTS },
  'collects-dark': { name: 'a program that collects', themes: ['dark'], program: COLLECTS },
  'malloc-light': { name: 'a program that uses malloc', themes: ['light'], program: MALLOC },
  'malloc-dark': { name: 'a program that uses malloc', themes: ['dark'], program: MALLOC },
};
const filled = `document.querySelector('#frame .logo') && !document.querySelector('main[data-first]')
  && ![...document.querySelectorAll('.skeleton, tbody[aria-busy]')].some((one) => one.checkVisibility())`;

/* In the page: what breaks a rule, with the elements that do. */
const VIOLATIONS = `return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target + ' ' + node.html.slice(0, 160))))`;

/* The text of axe-core; throws when it cannot be had. */
async function library(build) {
  const place = join(build, 'tests/browser/axe');
  const script = join(place, 'node_modules/axe-core/axe.min.js');
  const installed = await readFile(script, 'utf8').catch(() => null);
  if (installed) return installed;
  const ours = await mkdtemp(`${place}-`);
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(new URL(name, import.meta.url), join(ours, name));
    }
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
      { cwd: ours, timeout: NPM_MS });
    await rename(ours, place).catch(() => {}); /* another part was faster */
  } finally {
    await rm(ours, { recursive: true, force: true });
  }
  return readFile(script, 'utf8');
}

/* Adds to FOUND what breaks a rule on the page as it is. */
async function checkPage({ browser }, { axe, themes }, what, found) {
  await browser.run(`${axe};`);
  for (const theme of themes) {
    await browser.media({ 'prefers-color-scheme': theme });
    await browser.until(theme, `document.documentElement.dataset.theme === '${theme}'`);
    for (const width of WIDTHS) {
      await browser.size(width, 900);
      for (const one of await browser.run(VIOLATIONS)) found.push(`${what}, ${width} pixels, ${theme}: ${one}`);
    }
  }
}

/* What is on a page only when it is opened. */
const OPENED = {
  'the menu of snapshots': 'document.querySelector(".menu").open = true',
  'the list of keys': 'document.querySelector("[aria-label=Keys]").click()',
};

/* ONLY: these pages; null: all there are. */
async function checkServer(context, part, server, only = null) {
  const { browser, test } = context;
  const name = `${part.name}, ${part.themes.join(' and ')}`;
  await browser.open(server.url);
  await browser.until('an overview', filled);
  const pages = only ?? [...await allPages(browser), '/no-such-page'];
  await test(`axe: ${name}, ${pages.length} pages`, async () => {
    const found = [];
    for (const path of pages) {
      await browser.open(server.origin + path);
      await browser.until(`${path} filled`, `${filled} && !document.querySelector('.canvas .busy')`);
      await checkPage(context, part, path, found);
    }
    assert.deepEqual(found, []);
  });
  await test(`axe: ${name}, what opens on a page`, async () => {
    const found = [];
    for (const [what, script] of Object.entries(OPENED)) {
      await browser.open(`${server.origin}/types`);
      await browser.until('types', filled);
      await browser.run(script);
      await checkPage(context, part, what, found);
    }
    assert.deepEqual(found, []);
  });
}

async function checkFile(context, part) {
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-axe-'));
  const file = join(directory, 'imaginary.gcsnap');
  let server = null;
  try {
    execFileSync(join(context.build, 'tests/browser/make_snapshot'), [file]);
    server = await Gcglass.start(context.gcglass, ['view', '--port', '0', file]);
    await checkServer(context, part, server, ['/', '/garbage', '/garbage?q=no-such', '/garbage/1', '/tracker']);
  } finally {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function checkProgram(context, part) {
  const { browser, build, gcglass } = context;
  const program = part.program.map((one) => (one.startsWith('examples/') ? join(build, one) : one));
  const server = await Gcglass.start(gcglass, ['run', '--port', '0', '--every', '0.5', ...program]);
  try {
    await browser.open(server.url);
    await browser.until('samples', `fetch('/api/tracker?points=2').then((one) => one.json()).then((one) => one.total > 1)`);
    await checkServer(context, part, server);
    const { frame } = await browser.run('return fetch("/api/frame").then((one) => one.json())');
    process.kill(frame.pid, 'SIGTERM');
    await browser.open('about:blank');
  } finally {
    await server.stop();
  }
}

/* NAME: of one of PARTS. */
export async function axe(context, name) {
  const part = PARTS[name];
  try {
    part.axe = await library(context.build);
  } catch (error) {
    context.skip('axe', `npm cannot fetch axe-core: ${String(error.stderr || error.message).trim().split('\n')[0]}`);
    return;
  }
  if (part.program) await checkProgram(context, part);
  else await checkFile(context, part);
}
