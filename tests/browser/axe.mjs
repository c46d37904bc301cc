/* axe.mjs -- the rules of axe-core, which finds what keeps readers with a screen reader,
 * a keyboard or weak eyes out, on every page, at both widths and in both themes.
 *
 * axe-core is no part of gcglass: npm fetches the version of package-lock.json into the build
 * directory, once.  Where it cannot, the tests are skipped and say why.  The library comes into the
 * page as a script of the driver's, which the page's content security policy does not concern.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Gcglass } from './gcglass.mjs';
import { allPages } from './walk.mjs';

const NPM_MS = 120000;
const WIDTHS = [1280, 400];
const THEMES = ['light', 'dark'];
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
  await mkdir(place, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    await copyFile(new URL(name, import.meta.url), join(place, name));
  }
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
    { cwd: place, timeout: NPM_MS });
  return readFile(script, 'utf8');
}

/* Adds to FOUND what breaks a rule on the page as it is. */
async function checkPage({ browser }, axe, what, found) {
  await browser.run(`${axe};`);
  for (const theme of THEMES) {
    await browser.media({ 'prefers-color-scheme': theme });
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
async function checkServer(context, axe, server, name, only = null) {
  const { browser, test } = context;
  await browser.open(server.url);
  await browser.until('an overview', filled);
  const pages = only ?? [...await allPages(browser), '/no-such-page'];
  await test(`axe: ${name}, ${pages.length} pages`, async () => {
    const found = [];
    for (const path of pages) {
      await browser.open(server.origin + path);
      await browser.until(`${path} filled`, `${filled} && !document.querySelector('.canvas .busy')`);
      await checkPage(context, axe, path, found);
    }
    assert.deepEqual(found, []);
  });
  await test(`axe: ${name}, what opens on a page`, async () => {
    const found = [];
    for (const [what, script] of Object.entries(OPENED)) {
      await browser.open(`${server.origin}/types`);
      await browser.until('types', filled);
      await browser.run(script);
      await checkPage(context, axe, what, found);
    }
    assert.deepEqual(found, []);
  });
}

export async function axe(context) {
  const { browser, build, gcglass, skip } = context;
  let script;
  try {
    script = await library(build);
  } catch (error) {
    skip('axe', `npm cannot fetch axe-core: ${String(error.stderr || error.message).trim().split('\n')[0]}`);
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-axe-'));
  const file = join(directory, 'imaginary.gcsnap');
  let server = null;
  try {
    execFileSync(join(build, 'tests/browser/make_snapshot'), [file]);
    server = await Gcglass.start(gcglass, ['view', '--port', '0', file]);
    await checkServer(context, script, server, 'a snapshot', ['/', '/garbage', '/garbage?q=no-such', '/garbage/1', '/tracker']);
    await server.stop();
    for (const [name, ...args] of [
      ['a program that collects', '--contents', '--lifetimes', '--', join(build, 'examples/observer'), '--wait'],
      ['a program that uses malloc', '--', 'perl', '-e', 'my %heap = map { $_ => [$_] } 1 .. 1000; sleep 1 while 1'],
    ]) {
      server = await Gcglass.start(gcglass, ['run', '--port', '0', '--every', '0.5', ...args]);
      await browser.open(server.url);
      await browser.until('samples', `fetch('/api/tracker?points=2').then((one) => one.json()).then((one) => one.total > 1)`);
      await checkServer(context, script, server, name);
      const { frame } = await browser.run('return fetch("/api/frame").then((one) => one.json())');
      process.kill(frame.pid, 'SIGTERM');
      await browser.open('about:blank');
      await server.stop();
    }
  } finally {
    await server?.stop();
    await browser.media({ 'prefers-color-scheme': '' });
    await browser.size(1280, 900);
    await browser.complaints();
    await rm(directory, { recursive: true, force: true });
  }
}
