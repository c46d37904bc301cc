/* live.mjs -- second act: an example program under "gcglass run", while it runs and when it ends;
 * and one that has started its server itself.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Gcglass } from './gcglass.mjs';

const shownId = 'document.querySelector(".menu summary").textContent.match(/#(\\d+)/)?.[1]';

export async function live({ browser, build, gcglass, test, shot }) {
  const server = await Gcglass.start(gcglass,
    ['run', '--port', '0', '--', join(build, 'examples/observer'), '--wait']);
  try {
    await test('a running program: a snapshot, taken by the button, with a name', async () => {
      await browser.open(server.url);
      await browser.until('running', `document.querySelector('#frame .live')?.textContent
        .includes('running')`);
      await browser.click('.menu summary');
      await browser.type('.menu input', 'by the test');
      await browser.click('.menu form button');
      await browser.until('its name', `document.querySelector('.menu summary').textContent
        .includes('“by the test”')`);
      await browser.until('findings', 'document.querySelector("#findings .warning")');
      await shot('live');
    });

    await test('the overview follows the newest snapshot', async () => {
      const before = await browser.until('a number', shownId);
      await browser.click('#take');
      await browser.until('a higher number', `Number(${shownId}) > arguments[0]`, Number(before));
    });

    await test('collections made for earlier snapshots are not shown as the program’s', async () => {
      const { frame, collections } = await browser.run(`return fetch('/api/overview').then((answer) => answer.json())`);
      assert.ok(frame.snapshots.length >= 3);
      const ours = frame.snapshots.map((one) => one.collection);
      assert.deepEqual(collections.map((one) => one.number).filter((number) => ours.includes(number)),
        [frame.snapshot.collection]);
    });

    await test('what a collection has left alive lies between what is reachable and the heap', async () => {
      const { reachable, collections } = await browser.run(`return fetch('/api/overview').then((answer) => answer.json())`);
      /* Of one that comes soon after another it may not be counted. */
      const own = collections.findLast((one) => one.live_bytes !== null);
      const least = own === collections.at(-1) ? reachable.bytes : 1;
      assert.ok(own.live_bytes >= least && own.live_bytes <= own.heap_bytes, JSON.stringify(own));
    });

    await test('the collector collects first where the box is ticked', async () => {
      const marking = `return fetch('/api/overview').then((answer) => answer.json())
        .then(({ capture }) => capture.gc_mark_ns)`;
      const before = await browser.until('a number', shownId);
      assert.equal(await browser.run(marking), 0);
      await browser.click('.menu summary');
      await browser.click('.menu input[name=collect]');
      const apart = await browser.run(`const box = document.querySelector('.menu input[name=collect]');
        const words = document.createRange();
        words.selectNodeContents(box.nextSibling);
        return words.getBoundingClientRect().left - box.getBoundingClientRect().right`);
      assert.ok(apart >= 0 && apart < 16, `the words are ${apart} pixels from the box`);
      await shot('collect');
      await browser.click('.menu form button');
      await browser.until('a higher number', `Number(${shownId}) > arguments[0]`, Number(before));
      assert.ok(await browser.run(marking) > 0);
    });

    await test('the cycle of the example, by its fields', async () => {
      await browser.open(`${server.origin}/garbage?cycles=1&type=struct+view&sort=bytes&order=asc`);
      await browser.click('#garbage tbody tr:first-child a');
      const words = await browser.text('.path');
      for (const step of ['struct document.watchers', 'struct subscription.observer',
        'struct view.document']) {
        assert.ok(words.includes(step), `${step} is not in: ${words}`);
      }
      assert.match(await browser.text('.cut-box .what'), /Cut struct document\.watchers → struct subscription: .* freed/);
      assert.match(await browser.text('.finalizers'), /document_finalize/);
      assert.match(await browser.text('.steps'), /observer\.c:\d+/);
      await browser.until('the picture', 'document.querySelector(".canvas [data-node]")');
      await shot('observer');
    });

    await test('the program ends, its last snapshot stays', async () => {
      await browser.open(`${server.origin}/`);
      await browser.until('findings', 'document.querySelector("#findings .warning")');
      const pid = await browser.run(`return fetch('/api/frame').then((answer) => answer.json())
        .then((json) => json.frame.pid)`);
      process.kill(pid, 'SIGTERM');
      await browser.until('it ended', `document.querySelector('#frame .ended')?.textContent
        .includes('ended with status 0')`);
      assert.equal(await browser.run('return document.getElementById("take").disabled'), true);
      await browser.open(`${server.origin}/garbage`);
      await browser.until('rows', 'document.querySelector("#garbage tbody a")');
      await shot('ended');
    });

    await test('no complaint on the console', async () => {
      assert.deepEqual(await browser.complaints(), []);
    });

    await test('the server ends, the page says so and keeps what it has', async () => {
      await server.stop();
      await browser.until('word of it', `document.querySelector('.notice .warning')?.textContent
        .includes('does not answer')`);
      assert.ok(await browser.run('return document.querySelectorAll("#garbage tbody a").length > 0'));
    });

    await test('sorting then keeps the rows, in the order that they have', async () => {
      const state = `[location.href, document.querySelector('#garbage tbody').textContent,
        document.querySelector('#garbage th[aria-sort$=ending]').dataset.sort]`;
      const before = await browser.run(`return ${state}`);
      await browser.run('document.querySelector(".notice p").textContent = "an old word"');
      await browser.click('#garbage th[data-sort=bytes] a');
      await browser.until('word of it', `document.querySelector('.notice .warning')?.textContent
        .includes('does not answer')`);
      assert.deepEqual(await browser.run(`return ${state}`), before);
      assert.ok(await browser.run('return document.querySelector("#garbage tbody a").checkVisibility()'));
      assert.equal(await browser.run('return document.querySelector("tbody[aria-busy]")'), null);
    });
  } finally {
    await server.stop();
  }
}

/* Files are shown in the order in which they were made. */
export async function files({ browser, build, gcglass, test }) {
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-files-'));
  const paths = ['first', 'second', 'third'].map((name) => join(directory, name));
  let server = null;
  try {
    for (const path of paths) {
      await promisify(execFile)(gcglass, ['run', '--exit', '--quiet', '--heap', 'gc', '-o', path, '--', join(build, 'examples/observer')]);
    }
    server = await Gcglass.start(gcglass, ['view', '--port', '0', paths[2], paths[0], paths[1]]);
    await test('several files, the newest first', async () => {
      await browser.open(server.url);
      await browser.until('the menu', 'document.querySelectorAll(".snapshots a").length === 3');
      const { frame } = await browser.run(`return fetch('/api/frame').then((answer) => answer.json())`);
      const times = frame.snapshots.map((one) => one.taken_unix_ms);
      assert.deepEqual(times, [...times].sort((a, b) => b - a));
      assert.equal(frame.snapshot.taken_unix_ms, Math.max(...times));
    });
    await browser.open('about:blank');
  } finally {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/* A program of malloc's: nothing is said of collections, which there are none of. */
export async function malloced({ browser, gcglass, test }) {
  const server = await Gcglass.start(gcglass, ['run', '--port', '0', '--every', '0.5', '--', 'perl', '-e',
    'my $list; $list = [$list] for 1 .. 500; print STDERR "ready\n"; sleep 1 while 1']);
  const visible = `[...document.querySelectorAll('main :is(th, dt, h2)')].filter((one) => one.checkVisibility())
    .map((one) => one.textContent)`;
  let pid = null;
  try {
    while (!/^ready$/m.test(server.said)) await setTimeout(20);
    await browser.open(server.url);
    await browser.until('findings', 'document.querySelector("#findings li:not(.skeleton)")');
    ({ pid } = await browser.run(`return fetch('/api/frame').then((answer) => answer.json()).then((one) => one.frame)`));
    await test('a program of malloc: no word of collections, births and ages', async () => {
      const { rows } = await browser.run(`return fetch('/api/objects?limit=1&sort=bytes').then((answer) => answer.json())`);
      for (const [path, filled] of [['/objects', '#all-objects tbody a'], [`/objects/${rows[0].address}`, '#facts dd'],
        [`/tracker/type/${encodeURIComponent(rows[0].type)}`, '#instances tbody a'], ['/', '#top-types tbody a'],
        ['/process', '#modules td']]) {
        await browser.open(server.origin + path);
        await browser.until(path, 'document.querySelector(arguments[0])', filled);
        const words = await browser.run(`return ${visible}`);
        assert.ok(words.length > 1);
        assert.deepEqual(words.filter((one) => /\bage\b|\bborn|\bbirth|\bhow old|collect|finalizer/i.test(one)), [], path);
      }
    });
  } finally {
    if (pid) process.kill(pid, 'SIGTERM');
    await browser.open('about:blank');
    await server.stop();
  }
}

/* A program that calls gcg_start_in_background: its page can stop the server, and it runs on. */
export async function within({ browser, build, test, skip, shot }) {
  const name = 'a program that serves itself: stopped from its page, it runs on';
  let program;
  try {
    program = await Gcglass.start(join(build, 'examples/observer'), ['--serve']);
  } catch (error) {
    if (!/in use/.test(error.message)) throw error;
    skip(name, 'port 8090 is in use');
    return;
  }
  try {
    await test(name, async () => {
      await browser.open(program.url);
      await browser.until('findings', 'document.querySelector("#findings .warning")');
      await browser.click('#stop');
      await browser.until('word of it', `document.querySelector('.notice[role=status]')?.textContent
        .includes('the program runs on')`);
      await shot('stopped');
      await assert.rejects(async () => {
        for (let tries = 0; tries < 50; tries++) await fetch(`${program.origin}/api/frame`);
      });
      assert.equal(program.process.exitCode, null);
    });
  } finally {
    await program.stop();
  }
}

/* A script that ends in exec of something else: what it has become is shown. */
export async function replaced({ browser, gcglass, test }) {
  const server = await Gcglass.start(gcglass,
    ['run', '--port', '0', '--heap', 'malloc', '--', 'sh', '-c', 'exec sleep 60']);
  let pid = null;
  try {
    await test('a program that has become another: that one is shown, by its name', async () => {
      await browser.open(server.url);
      await browser.until('its name', `document.querySelector('#frame .process strong')?.textContent === 'sleep'
        && document.querySelector('#findings li:not(.skeleton)')`);
      ({ pid } = await browser.run(`return fetch('/api/frame').then((answer) => answer.json())
        .then((json) => json.frame)`));
    });
    await browser.open('about:blank');
  } finally {
    if (pid) process.kill(pid, 'SIGTERM');
    await server.stop();
  }
}
