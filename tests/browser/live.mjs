/* live.mjs -- second act: an example program under "gcglass run", while it runs and when it ends;
 * and one that has started its server itself.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
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
  } finally {
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
      await browser.until('word of it', `document.querySelector('.notice')?.textContent
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

/* A script that ends in exec of something else: gcglass is not in that one. */
export async function replaced({ browser, gcglass, test }) {
  const server = await Gcglass.start(gcglass,
    ['run', '--port', '0', '--heap', 'malloc', '--', 'sh', '-c', 'exec sleep 60']);
  let pid = null;
  try {
    await test('a program that has become another: the page says so, and what to do', async () => {
      await browser.open(server.url);
      await browser.until('word of it', `/runs another program.*gcglass run/
        .test(document.getElementById('state')?.textContent)`);
      ({ pid } = await browser.run(`return fetch('/api/frame').then((answer) => answer.json())
        .then((json) => json.frame)`));
    });
    await browser.open('about:blank');
  } finally {
    if (pid) process.kill(pid, 'SIGTERM');
    await server.stop();
  }
}
