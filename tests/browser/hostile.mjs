/* hostile.mjs -- fourth act: a program whose every text is an attack, in files and while it runs.
 *
 * X1 to X6 of the checklist in doc/design/server.md.  What is looked for on each page: an element
 * that the attack would make, an attribute that would run something, a title that is not ours, a
 * complaint of the browser about something that it did not run.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gcglass } from './gcglass.mjs';

/* MARK stands in each.  What is not UTF-8 is added by a shell. */
const MARK = 'x-mark';
const RUN = 'document.title="hit"';
const ATTACK = `</script><${MARK}><img src=x onerror='${RUN}'>"onload='${RUN}' `
  + `javascript:${RUN} \\N \u202e`;
/* A name of a file has no "/". */
const NAME = `<${MARK}><img src=x onerror='${RUN}'>"onload='${RUN}' \\N \u202e`;

const quiet = `document.querySelector('#frame .logo')
  && ![...document.querySelectorAll('tbody .skeleton, tbody[aria-busy], #calls .skeleton')]
    .some((one) => one.checkVisibility())`;

/* What is wrong with the page that is open. */
async function damage(browser, origin) {
  return browser.run(`const found = [];
    for (const one of document.querySelectorAll(${JSON.stringify(`${MARK}, img[src="x"]`)})) {
      found.push(one.outerHTML);
    }
    for (const one of document.querySelectorAll('*')) {
      for (const { name, value } of one.attributes) {
        if (/^on/.test(name) || (/^(href|src|xlink:href)$/.test(name) && /^\\s*javascript:/i.test(value))) {
          found.push(one.tagName + ' ' + name);
        }
      }
    }
    for (const one of document.scripts) {
      if (!one.src.startsWith(arguments[0] + '/static/')) found.push('a script: ' + one.outerHTML);
    }
    if (document.title === 'hit') found.push('the title');
    /* What turns text around must not turn around what stands beside it. */
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode, parent = node.parentElement;
      if (!/[\u202a-\u202e\u2066-\u2069]/.test(node.data) || !parent.checkVisibility()) continue;
      const style = getComputedStyle(parent);
      const alone = parent.textContent === node.data && !style.display.startsWith('inline');
      if (!alone && !style.unicodeBidi.startsWith('isolate') && style.unicodeBidi !== 'plaintext') {
        found.push('turned around: ' + parent.outerHTML.slice(0, 200));
      }
    }
    return found;`, origin);
}

async function look(browser, origin, path) {
  await browser.open(origin + path);
  await browser.until(`${path} is filled`, quiet);
  assert.deepEqual(await damage(browser, origin), [], path);
  assert.deepEqual(await browser.complaints(), [], path);
}

function text(browser) {
  return browser.run('return document.body.innerText');
}

async function offline({ browser, test, shot }, server) {
  const ask = (path) => browser.run('return fetch(arguments[0]).then((answer) => answer.json())', path);
  await browser.open(server.url);
  await browser.until('a frame', quiet);
  const { rows } = await ask('/api/garbage/1');
  const types = (await ask('/api/types')).rows;
  const address = rows[0].address;

  await test('X1 a hostile type is a name, on every page', async () => {
    for (const path of ['/', '/types', '/tracker', '/garbage', '/garbage/1', '/objects',
      ...types.map(({ name }) => `/tracker/type/${encodeURIComponent(name)}`)]) {
      await look(browser, server.origin, path);
    }
    await browser.open(`${server.origin}/types`);
    await browser.until('rows', quiet);
    assert.ok((await text(browser)).includes(`</script><${MARK}><img`));
    await shot('hostile-types');
  });

  await test('X1 in the picture, too, and when it is opened by itself', async () => {
    await browser.open(`${server.origin}/garbage/1`);
    await browser.until('the picture', 'document.querySelector(".canvas [data-node]")');
    assert.deepEqual(await damage(browser, server.origin), []);
    assert.ok((await browser.text('.canvas svg')).includes(`</script><${MARK}>`));
    await shot('hostile-component');
    const svg = `${server.origin}/garbage/1/graph.svg`;
    await browser.open(svg);
    assert.deepEqual(await browser.run(`return [document.documentElement.tagName,
      document.querySelectorAll('script, foreignObject, image, [onload], [onerror]').length,
      [...document.querySelectorAll('a')].map((one) => one.href.baseVal).filter((href) =>
        href !== '' && !/^\\/objects\\/0x[0-9a-f]+/.test(href))]`), ['svg', 0, []]);
    const dot = await fetch(`${server.origin}/garbage/1/graph.dot`);
    assert.equal(dot.status, 401, 'without the cookie');
  });

  await test('X2 a hostile symbol: functions of places and calls', async () => {
    await look(browser, server.origin, `/objects/${address}`);
    assert.ok((await text(browser)).includes(MARK));
    await look(browser, server.origin, '/threads/4711');
    await look(browser, server.origin, '/threads');
    assert.ok((await text(browser)).includes(MARK), 'the name of the thread');
  });

  await test('X3 hostile arguments and the path of the program', async () => {
    await look(browser, server.origin, '/process');
    const shown = await text(browser);
    assert.ok(shown.split(MARK).length > 3, shown);
    await shot('hostile-process');
  });

  await test('X5 hostile contents', async () => {
    await look(browser, server.origin, `/objects/${address}`);
    await browser.until('contents', 'document.querySelector("#contents .preview")');
    assert.ok((await browser.text('#contents')).includes('3c 2f 73 63 72 69 70 74 3e'));
  });

  await test('X6 hostile names of files: of the snapshot, of sources', async () => {
    await look(browser, server.origin, '/');
    assert.ok((await browser.text('.menu summary')).includes(MARK));
    await browser.click('.menu summary');
    assert.deepEqual(await damage(browser, server.origin), []);
    const { frame } = await ask('/api/frame');
    assert.ok(frame.snapshot.description.startsWith(`<${MARK}>`));
  });
}

async function running({ browser, build, gcglass, test }, directory) {
  const program = join(directory, NAME);
  await copyFile(join(build, 'tests/server/secret'), program);
  await chmod(program, 0o755);
  process.env.HOSTILE = `in-the-environment ${ATTACK}`;
  const server = await Gcglass.start(gcglass,
    ['run', '--port', '0', '--contents', '--', program, ATTACK, ATTACK]);
  delete process.env.HOSTILE;
  try {
    await browser.open(server.url);
    await browser.until('the end', 'document.querySelector("#frame .ended")');
    await test('X3 X6 a program of that name with those arguments, while it runs and after', async () => {
      for (const path of ['/', '/process', '/threads', '/objects', '/types', '/tracker']) {
        await look(browser, server.origin, path);
      }
      await browser.open(`${server.origin}/process`);
      await browser.until('filled', quiet);
      const shown = await text(browser);
      assert.ok(shown.split(MARK).length > 3, shown);
    });
    await test('X4 the environment is not shown at all', async () => {
      const found = await browser.run(`return Promise.all(['overview', 'process', 'threads', 'objects',
        'types', 'sites', 'frame'].map((name) => fetch('/api/' + name).then((answer) => answer.text())))
        .then((texts) => texts.filter((one) => one.includes('in-the-environment')).length)`);
      assert.equal(found, 0);
    });
  } finally {
    await server.stop();
  }
}

export async function hostile(context) {
  const directory = await mkdtemp(join(tmpdir(), 'hostile-view-'));
  const file = join(directory, `${NAME}.gcsnap`);
  let server = null;
  try {
    await context.browser.complaints();
    execFileSync('/bin/sh', ['-c', 'exec "$0" "$1" "$2$(printf "\\\\377\\\\303(\\\\355\\\\240\\\\200")"',
      join(context.build, 'tests/browser/make_snapshot'), file, ATTACK]);
    server = await Gcglass.start(context.gcglass, ['view', '--port', '0', file]);
    await offline(context, server);
    await server.stop();
    await context.browser.open('about:blank');
    await running(context, directory);
    await context.browser.open('about:blank');
  } finally {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
