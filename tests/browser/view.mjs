/* view.mjs -- first act: every page about the snapshot of make_snapshot.c, where all is known.
 *
 * The tests build on each other, as a reader does: from the overview through the garbage to the
 * picture of a cycle.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gcglass } from './gcglass.mjs';
import { KEY } from './webdriver.mjs';

const TOLD = 200; /* steps of a long cycle that the server tells */
const SINGLES = 60;
const TYPES = 120;
const COMPONENTS = 4 + SINGLES;
const PAGE = 50;
const ATTACK = '</script><img src=x onerror=alert(1)>';

const rowsReady = '!document.querySelector("tbody .skeleton, tbody[aria-busy]")';

/* The text of column N (from 1) in every row of the page's table, or of that in PLACE. */
function column(browser, n, place = '.table:not([hidden])') {
  return browser.run(`return [...document.querySelectorAll(arguments[1] + ' tbody tr')]
    .map((row) => row.cells[arguments[0] - 1].textContent.trim())`, n, place);
}

/* Exact bytes of the sizes in column N: they are in the titles. */
function bytesIn(browser, n, place = '.table:not([hidden])') {
  return browser.run(`return [...document.querySelectorAll(arguments[1] + ' tbody tr')].map((row) =>
    Number(row.cells[arguments[0] - 1].querySelector('[title]').title.replace(/\\D/g, '')))`, n, place);
}

function assertDescending(numbers) {
  assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
}

async function overviewTests({ browser, test, shot }, server) {
  await test('without the token there is nothing but the way in', async () => {
    await browser.open(`${server.origin}/garbage`);
    assert.match(await browser.text('main'), /^Error 401[^]*token/);
    await browser.until('the frame has asked', 'performance.getEntriesByName(arguments[0]).length',
      `${server.origin}/api/frame`);
    assert.equal(await browser.run('return document.querySelectorAll(".notice p").length'), 0);
    await browser.complaints();
  });

  await test('the overview begins with what is wrong', async () => {
    await browser.open(server.url);
    const first = await browser.text('#findings li:first-child:not(.skeleton)');
    assert.match(first, /2 .*cycle/);
    assert.equal(await browser.run('return location.search'), '', 'the token stays in the address');
    assert.equal(await browser.text('#frame .badge'), '⚠ 2');
    assert.match(await browser.text('#frame .process'), /file/);
    await browser.until('five types', `${rowsReady}
      && document.querySelectorAll('#top-types tbody tr').length === 5`);
    assert.match((await column(browser, 1))[0], /struct node|struct live_119/);
    await shot('overview');
  });

  await test('there is nothing to take a snapshot from', async () => {
    assert.equal(await browser.run('return document.getElementById("take").disabled'), true);
  });

  await test('the first finding leads to a component', async () => {
    await browser.click('#findings li.warning a');
    await browser.until('a component', 'location.pathname.startsWith("/garbage")');
  });
}

async function garbageTests({ browser, test, shot }) {
  await test('the garbage, biggest first', async () => {
    await browser.click('#frame [data-page-link=garbage]');
    await browser.until('rows', `${rowsReady}
      && document.querySelectorAll('#garbage tbody tr').length === ${PAGE}`);
    const verdicts = await column(browser, 2, '#garbage');
    assert.deepEqual(verdicts.slice(0, 5),
      ['⚠ finalization cycle', '⚠ finalization cycle', 'cycle', 'chain', 'single']);
    assertDescending(await bytesIn(browser, 6, '#garbage'));
    assert.match(await browser.text('#words'), new RegExp(`^${COMPONENTS} components`));
    assert.match(await browser.text('#looked-at'), /^Looked at \d/);
    await shot('garbage');
  });

  await test('the kinds of leaks and cycles, those that hold most first', async () => {
    assert.deepEqual(await column(browser, 1, '#kinds'),
      ['⚠ finalization cycle', '⚠ finalization cycle', 'indirectly leaked', 'cycle']);
    assert.match((await column(browser, 2, '#kinds')).join('\n'), /^struct node.* ↺\nstruct session.*struct user.* ↺\n/);
    assert.match(await browser.text('#kind-words'), /^2 kinds of leak, 2 times: without them [\d.]+ KiB would be free\. One kind of cycle that/);
    assert.equal(await browser.run('return document.querySelector("#kinds tbody a").pathname'), '/garbage/1');
  });

  await test('the kinds that are leaks, and those of a place, beside the components as they are', async () => {
    await browser.run(`const show = document.querySelector('#kinds select');
      show.value = 'harmless';
      show.dispatchEvent(new Event('input', { bubbles: true }));`);
    await browser.until('one kind', `${rowsReady} && document.querySelectorAll('#kinds tbody tr').length === 1`);
    assert.match(await browser.url(), /kind-show=harmless/);
    await browser.type('#kinds input[type=search]', 'session.c');
    await browser.until('none', 'document.querySelector("#kinds .empty")');
    assert.equal((await column(browser, 1, '#garbage')).length, PAGE);
    await browser.click('#kinds .empty a');
    await browser.until('all kinds', `${rowsReady} && document.querySelectorAll('#kinds tbody tr').length === 4`);
    assert.equal(await browser.run('return document.querySelector("#kinds select").value'), '');
  });

  await test('the next rows, by a link and back again', async () => {
    await browser.click('#garbage .pager [rel=next]');
    await browser.until('the rest', `${rowsReady}
      && document.querySelectorAll('#garbage tbody tr').length === ${COMPONENTS - PAGE}`);
    assert.match(await browser.url(), /offset=50/);
    assert.match(await browser.text('#garbage .pager'), /51–64 of 64/);
    await browser.back();
    await browser.until('the first rows again', `${rowsReady}
      && document.querySelector('#garbage tbody tr').cells[0].textContent.trim() === '1'`);
  });

  await test('a header sorts, and says so', async () => {
    await browser.click('#garbage th[data-sort=bytes] a');
    await browser.until('sorted', `${rowsReady}
      && document.querySelector('#garbage th[data-sort=bytes]').ariaSort === 'descending'`);
    assertDescending(await bytesIn(browser, 6, '#garbage'));
    await browser.click('#garbage th[data-sort=bytes] a');
    await browser.until('sorted the other way', `${rowsReady}
      && document.querySelector('#garbage th[data-sort=bytes]').ariaSort === 'ascending'`);
    assertDescending((await bytesIn(browser, 6, '#garbage')).reverse());
    assert.match(await browser.url(), /sort=bytes&order=asc/);
  });

  await test('cycles only', async () => {
    await browser.click('input[name=cycles]');
    await browser.until('three', `${rowsReady}
      && document.querySelectorAll('#garbage tbody tr').length === 3`);
    assert.match(await browser.url(), /cycles=1/);
  });

  await test('a filter that nothing matches says how to see all', async () => {
    await browser.type('#garbage input[type=search]', 'no such thing');
    await browser.until('the empty state', 'document.querySelector("#garbage .empty")');
    assert.match(await browser.text('#garbage .empty'), /Nothing matches\. Show all/);
    await browser.click('#garbage .empty a');
    await browser.until('all again', `${rowsReady}
      && document.querySelectorAll('#garbage tbody tr').length === ${PAGE}`);
  });
}

async function openComponent(browser, type) {
  await browser.open(new URL(`/garbage?type=${encodeURIComponent(type)}`, await browser.url()).href);
  await browser.until('one row', `${rowsReady}
    && document.querySelectorAll('#garbage tbody tr').length === 1`);
  await browser.click('#garbage tbody tr a');
  await browser.until('the picture', 'document.querySelector(".canvas svg, .no-picture")');
}

async function cycleTests({ browser, test, shot }) {
  await test('a cycle in words', async () => {
    await openComponent(browser, 'struct session');
    assert.equal(await browser.text('h1'), '⚠ finalization cycle');
    const words = await browser.text('.path');
    assert.match(words, /struct session\+16.*→.*struct user\+24.*→.*struct session$/);
    assert.match(await browser.text('.finalizers'), /ordered finalizer of struct session at 0x/);
    assert.match(await browser.text('.steps'), /session\.c:88/);
  });

  await test('the cut: what, how much it frees, how', async () => {
    const cut = await browser.text('.cut-box');
    assert.match(cut, /^✂ Cut struct (session\+16 → struct user|user\+24 → struct session)/);
    assert.match(cut, /6\.0 KiB, 7 objects, are freed/);
    assert.match(cut, /How: .{20}/);
    assert.match(cut, /Why: .{10}/);
  });

  await test('its picture: every object by its type, what is alike folded, the cycle marked', async () => {
    await browser.click('input[value=full]');
    await browser.until('three nodes', 'document.querySelectorAll(".canvas [data-node]").length === 3');
    const nodes = await browser.run(`return [...document.querySelectorAll('.canvas [data-node]')]
      .map((node) => [node.querySelector('text').textContent, node.classList.contains('cycle')])`);
    assert.equal(nodes.filter(([text]) => text.startsWith('struct buffer')).length, 1);
    assert.match(await browser.text('.canvas svg'), /× 4 more like this/);
    assert.deepEqual(nodes.filter(([, cycle]) => cycle).map(([text]) => text).sort(),
      ['struct session', 'struct user']);
    assert.equal(await browser.run('return document.querySelectorAll(".canvas .edge.cut").length'), 1);
    await shot('component');
  });

  await test('only what is on the cycle', async () => {
    await browser.click('input[value=reduced]');
    await browser.until('two nodes', 'document.querySelectorAll(".canvas [data-node]").length === 2');
    assert.match(await browser.url(), /graph=reduced/);
    assert.match(await browser.run('return document.querySelector("[data-kind=png]").href'), /reduce=1/);
  });

  await test('the picture also as PNG and DOT', async () => {
    const kinds = await browser.run(`return Promise.all(['png', 'svg', 'dot'].map(async (kind) => {
      const answer = await fetch(document.querySelector('[data-kind=' + kind + ']').href);
      const start = new Uint8Array((await answer.arrayBuffer()).slice(0, 4));
      return [answer.status, answer.headers.get('content-type').split(';')[0], ...start];
    }))`);
    assert.deepEqual(kinds[0], [200, 'image/png', 0x89, 0x50, 0x4e, 0x47]);
    assert.deepEqual(kinds[1].slice(0, 2), [200, 'image/svg+xml']);
    assert.equal(kinds[2][0], 200);
  });

  await test('row and node light up together', async () => {
    assert.equal((await column(browser, 1)).filter((text) => text.startsWith('0x')).length, 7);
    const address = await browser.run(`return [...document.querySelectorAll('#objects tbody tr')]
      .find((row) => row.textContent.includes('struct user')).dataset.address`);
    await browser.hover(`#objects tr[data-address="${address}"] .type`);
    await browser.until('the node is lit', `document.querySelector('.canvas .lit')?.dataset.node
      === arguments[0]`, address);
    await browser.hover(`.canvas [data-node="${address}"] text`);
    await browser.until('the row is lit', `document.querySelector('#objects .lit')?.dataset.address
      === arguments[0]`, address);
    await browser.click(`.canvas [data-node="${address}"] text`);
    await browser.until('the row has the focus', `document.activeElement.closest('tr')
      ?.dataset.address === arguments[0]`, address);
  });

  await test('the picture by keyboard', async () => {
    const box = () => browser.run('return document.querySelector(".canvas svg").getAttribute("viewBox")');
    const before = await box();
    await browser.run('document.querySelector(".canvas").focus()');
    await browser.press('+', KEY.right);
    assert.notEqual(await box(), before);
    await browser.press('0');
    assert.equal(await box(), before);
  });

  await test('a big ring: words folded, the heaviest drawn, the rest said', async () => {
    await openComponent(browser, 'struct node');
    assert.match(await browser.text('.path'), /^struct node\+8 \(× 400\) → struct node$/);
    assert.equal(await browser.run('return document.querySelectorAll(".steps tbody tr").length'), 9);
    await browser.click('.steps button');
    assert.equal(await browser.run('return document.querySelectorAll(".steps tbody tr").length'), TOLD + 1);
    assert.match(await browser.text('#picture .what'), /heaviest of 400 objects/);
    await shot('ring');
  });
}

async function attackTests({ browser, test }) {
  await test('a type name that is an attack is only a name', async () => {
    await openComponent(browser, ATTACK);
    assert.ok((await browser.text('.path')).includes(ATTACK));
    assert.ok((await browser.text('#objects tbody')).includes(ATTACK));
    const strange = await browser.run(`return [
      document.querySelectorAll('main img, main script, main [onload], main [onerror]').length,
      document.title]`);
    assert.deepEqual(strange, [0, 'Component 3: cycle – gcglass']);
    assert.ok((await browser.text('.canvas svg')).includes('<img src=x'));
  });
}

async function typesTests({ browser, test, shot }) {
  await test('types: g t, / and typing, all in the address', async () => {
    await browser.press('g', 't');
    await browser.until('the types', `location.pathname === '/types' && ${rowsReady}
      && document.querySelectorAll('#types tbody tr').length === ${PAGE}`);
    assertDescending(await bytesIn(browser, 3));
    await browser.press('/');
    await browser.press(...'live_11');
    await browser.until('ten rows', `${rowsReady}
      && document.querySelectorAll('#types tbody tr').length === 10`);
    assert.match(await browser.url(), /q=live_11/);
    assert.match(await browser.text('#sum'), /^\d+ types, [\d,]+ objects/);
  });

  await test('a type opens into the places that allocate it', async () => {
    await browser.press(KEY.escape);
    await browser.click('#types tbody tr:first-child .toggle');
    await browser.until('the places', `/live\\.c/.test(document.querySelector('#types .below')?.textContent)`);
    assert.match(await browser.text('#types .below'), /live\.c:219 \(live_new\)\s+1 objects?, 1\.9\sKiB/);
    await shot('types');
  });

  await test('the address brings the same rows back', async () => {
    await browser.open(await browser.url());
    await browser.until('ten rows', `${rowsReady}
      && document.querySelectorAll('#types tbody tr').length === 10`);
    assert.equal(await browser.run('return document.querySelector("input[type=search]").value'),
      'live_11');
    assert.equal((await column(browser, 1)).length, Math.min(10, TYPES));
  });
}

async function objectTests({ browser, test, shot }) {
  await test('all objects, the largest first', async () => {
    await browser.click('#frame [data-page-link=objects]');
    await browser.until('rows', `${rowsReady}
      && document.querySelectorAll('#all-objects tbody tr').length === ${PAGE}`);
    assertDescending(await bytesIn(browser, 3));
    await shot('objects');
  });

  await test('a search by type leaves that type', async () => {
    await browser.type('input[type=search]', 'struct node');
    await browser.until('nodes only', `${rowsReady} && location.search.includes('q=')
      && [...document.querySelectorAll('#all-objects tbody .type')].every((one) =>
        one.textContent.includes('struct node'))`);
  });

  await test('an object says why, and opens in place', async () => {
    await browser.click('#all-objects tbody a.address');
    await browser.until('an object', `location.pathname.startsWith('/objects/0x')
      && document.querySelector('#referents li')`);
    assert.match(await browser.text('#why'), /point|leads to it/);
    await browser.click('#referents .toggle, #referrers .toggle');
    await browser.until('the next level', 'document.querySelector(".tree .tree li")');
    await shot('object');
  });

  await test('an address inside an object leads to the object', async () => {
    const inside = await browser.run(`return '/objects/0x'
      + (BigInt(location.pathname.split('/').pop()) + 8n).toString(16)`);
    const before = await browser.run('return location.pathname');
    await browser.open(new URL(inside, await browser.url()).href);
    await browser.until('the figures', 'document.querySelector("#facts dt")');
    assert.equal(await browser.run('return location.pathname'), before);
    assert.match(await browser.text('#head .lead'), /8 bytes inside/);
  });

  await test('a long way from a root is folded where its steps are alike', async () => {
    const { rows } = await browser.run('return fetch("/api/objects?type=struct+last").then((answer) => answer.json())');
    await browser.open(new URL(`/objects/${rows[0].address}`, await browser.url()).href);
    await browser.until('the way', 'document.querySelector("#way li")');
    const steps = await browser.run('return [...document.querySelectorAll("#way li")].map((step) => step.textContent.replace(/0x[0-9a-f]+/, "0x"))');
    assert.ok(steps.length < 10, steps.join('\n'));
    assert.match(steps.join('\n'), /\n… \d+ objects between …\nstruct live_000[^]*\n… \d+ more through struct live_000\S+ …\n/);
    assert.match(steps.at(-1), /^struct last 0x/);
    const { object } = await browser.run('return fetch("/api" + location.pathname).then((answer) => answer.json())');
    const [between, more] = steps.filter((step) => step.startsWith('…')).map((step) => Number(/\d+/.exec(step)[0]));
    assert.equal(between + more + steps.filter((step) => step.startsWith('struct')).length, object.path_length);
  });

  await test('hostile contents are shown, and nothing else', async () => {
    const objects = new URL('/objects?q=onerror', await browser.url()).href;
    await browser.open(objects);
    await browser.until('the object', `${rowsReady} && document.querySelector('#all-objects tbody a.address')`);
    await browser.click('#all-objects tbody a.address');
    await browser.until('its contents', 'document.querySelector("#contents .preview.text")');
    assert.equal(await browser.run('return document.querySelector("#contents .preview.text").textContent'),
      '</pre><script>alert(1)</script>⟨U+202E⟩');
    assert.match(await browser.text('#contents'), /The first 64 of 200 bytes/);
    assert.match(await browser.text('#contents'), /0 {2}3c 2f 70 72 65 3e/);
    assert.equal(await browser.run('return document.querySelectorAll("#contents script").length'), 0);
    await shot('contents');
  });

  await test('the process and its threads', async () => {
    await browser.click('#frame [data-page-link=process]');
    await browser.until('figures', 'document.querySelectorAll("#statistics dt").length > 5');
    await shot('process');
    await browser.click('#threads tbody a');
    await browser.until('a thread', `location.pathname.startsWith('/threads/')
      && !document.querySelector('#calls .skeleton')`);
    assert.match(await browser.text('#head .lead'), /Thread \d+/);
    await shot('thread');
  });
}

/* The right edge of the header of COLUMN, and that of what scrolls it. */
const EDGES = `const header = document.querySelector('#objects th[data-sort=' + arguments[0] + ']');
  return [header.getBoundingClientRect().right, header.closest('.scroll').getBoundingClientRect().right]`;

async function widthTests({ browser, test }, server) {
  await test('beside the picture of a component the places are in sight', async () => {
    for (const path of ['/garbage/1', '/garbage/2', '/garbage/3', '/garbage/4']) {
      await browser.open(server.origin + path);
      await browser.until('objects', rowsReady);
      const [header, table] = await browser.run(EDGES, 'site');
      assert.ok(header <= table, `${path}: “Allocated at” ends at ${header} of ${table}`);
    }
  });

  await test('400 pixels wide, the biggest types have their names', async () => {
    await browser.size(400, 800);
    await browser.open(`${server.origin}/`);
    await browser.until('types', `${rowsReady} && document.querySelector('#top-types tbody a')`);
    const widths = await browser.run(`return [...document.querySelectorAll('#top-types thead th')]
      .map((one) => one.getBoundingClientRect().width)`);
    assert.ok(widths[0] > 100 && widths[4] < 100, widths.join(' '));
    await browser.size(1280, 900);
  });
}

async function frameTests({ browser, test, shot }, server) {
  await test('? lists the keys, Esc closes the list', async () => {
    await browser.press('?');
    assert.match(await browser.text('dialog'), /g\s*o\s+Overview/);
    await browser.press(KEY.escape);
    await browser.until('closed', '!document.querySelector("dialog")');
  });

  await test('dark by the system, light by the switch, and it stays', async () => {
    const page = () => browser.run('return getComputedStyle(document.body).backgroundColor');
    await browser.media({ 'prefers-color-scheme': 'dark' });
    await browser.until('dark', `getComputedStyle(document.body).backgroundColor === 'rgb(16, 20, 24)'`);
    await shot('types-dark');
    await browser.click('#theme');
    assert.equal(await page(), 'rgb(255, 255, 255)');
    await browser.open(`${server.origin}/garbage/2`);
    assert.equal(await page(), 'rgb(255, 255, 255)');
    await browser.click('#theme');
    await browser.until('the picture', 'document.querySelector(".canvas svg")');
    await shot('component-dark');
    await browser.run('localStorage.clear()');
    await browser.media({ 'prefers-color-scheme': 'light' });
  });

  await test('400 pixels wide, no page goes sideways', async () => {
    await browser.size(400, 800);
    for (const path of ['/', '/types', '/garbage', '/garbage/1', '/garbage/2', '/help']) {
      await browser.open(server.origin + path);
      await browser.until('filled', `document.querySelector('#frame .logo') && ${rowsReady}`);
      const width = await browser.run('return document.documentElement.scrollWidth');
      assert.ok(width <= 400, `${path} is ${width} wide`);
    }
    await browser.open(`${server.origin}/garbage/2`);
    await browser.until('the picture', 'document.querySelector(".canvas svg")');
    await shot('component-narrow');
    await browser.size(1280, 900);
  });

  await test('everything that can be pressed has a name', async () => {
    for (const path of ['/', '/types', '/garbage', '/garbage/2', '/help']) {
      await browser.open(server.origin + path);
      await browser.until('filled', `document.querySelector('#frame .logo') && ${rowsReady}`);
      const nameless = await browser.run(`return [...document.querySelectorAll('a, button, input')]
        .filter((one) => one.checkVisibility()
          && !(one.textContent.trim() || one.ariaLabel || one.labels?.length))
        .map((one) => one.outerHTML)`);
      assert.deepEqual(nameless, [], path);
    }
  });

  await test('the manual', async () => {
    await browser.press('g', 'h');
    await browser.until('help', 'location.pathname === "/help"');
    assert.match(await browser.text('#cut'), /GC_REGISTER_FINALIZER_NO_ORDER/);
    await shot('help');
  });
}

async function errorTests({ browser, test, shot }, server) {
  await test('no complaint on the console, no request to elsewhere', async () => {
    assert.deepEqual(await browser.complaints(), []);
    const elsewhere = (await browser.requests()).filter((url) => !url.startsWith(server.origin)
      && !/^(chrome|data|about|blob):/.test(url));
    assert.deepEqual(elsewhere, []);
  });

  await test('a component that is not there, a page that is not there', async () => {
    await browser.open(`${server.origin}/garbage/9999`);
    assert.match(await browser.text('main'), /404[^]*components 1 to 64/);
    await browser.open(`${server.origin}/nothing`);
    assert.match(await browser.text('main h1'), /404/);
    assert.match(await browser.text('#frame nav'), /Overview/);
    await shot('error');
    await browser.complaints();
  });
}

export async function view(context) {
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-view-'));
  const file = join(directory, 'imaginary.gcsnap');
  let server = null;
  try {
    execFileSync(join(context.build, 'tests/browser/make_snapshot'), [file]);
    server = await Gcglass.start(context.gcglass, ['view', '--port', '0', file]);
    await overviewTests(context, server);
    await garbageTests(context, server);
    await cycleTests(context, server);
    await attackTests(context, server);
    await typesTests(context, server);
    await objectTests(context, server);
    await widthTests(context, server);
    await frameTests(context, server);
    await errorTests(context, server);
  } finally {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
