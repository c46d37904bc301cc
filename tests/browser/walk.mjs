/* walk.mjs -- fifth act: every page, of a running program and of its files, as a reader walks them.
 *
 * Nothing is known of the program's heap here; what is asserted must hold of any page: it shows what
 * its JSON says, figure by figure, in the same words; it fits; it can be walked by keyboard; it is
 * light; it does not move under the reader's eyes; and what is not there is a page that says so.
 */
import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gcglass } from './gcglass.mjs';
import { KEY } from './webdriver.mjs';

const HEAVIEST = 100000; /* bytes of a page as sent, before data */
const MOST_SHIFT = 0.1;
const TABS = 20;
const ready = `document.querySelector('#frame .logo')
  && !document.querySelector('.skeleton, tbody[aria-busy]') && !document.querySelector('main[data-first]')`;
const NOT_THERE = ['/tracker/type/no%20such%20type', '/threads/1', '/objects/0x10', '/garbage/999999999',
  '/tracker/samples/999999999', '/no-such-page', '/static/no-such-file.js'];

/* In the page: every figure on it that a template names, against the answer that it was made from.
   Answers { compared, wrong: [what differs] }. */
const COMPARE = `return (async () => {
  const { formats } = await import('/static/format.js');
  const twin = '/api' + (location.pathname === '/' ? '/overview' : location.pathname);
  const asked = (path) => performance.getEntriesByType('resource').map((one) => new URL(one.name))
    .filter((url) => url.pathname === path).at(-1);
  const answer = async (path) => (asked(path) ? (await fetch(asked(path))).json() : null);
  const json = await answer(twin);
  if (!json) return { compared: 0, wrong: ['nothing was asked of ' + twin] };
  const member = (data, path) => path.split('.').reduce((value, key) => value?.[key], data);
  const text = (node, data) => {
    const value = member(data, node.dataset.field);
    const format = node.dataset.format ?? 'text';
    if ((value === null || value === undefined) && format !== 'text') return '–';
    const shown = formats[format](value);
    return typeof shown === 'string' ? shown : shown.textContent;
  };
  const wrong = [];
  let compared = 0;
  const check = (node, data, where) => {
    compared++;
    const expected = text(node, data);
    const extended = node.textContent.startsWith(expected + ' '); /* a description, and what else there was */
    if (node.textContent !== expected && !(extended && node.dataset.field === 'description')) {
      wrong.push(where + node.dataset.field + ': ' + node.textContent + ' instead of ' + expected);
    }
  };
  const body = document.querySelector('section.table:not(#kinds) tbody');
  const rows = ((await answer(twin + '/samples')) ?? (await answer(twin + '/instances')) ?? json).rows
    ?? (location.pathname === '/' ? json.types : json.threads) ?? [];
  const kinds = document.querySelector('#kinds tbody');
  for (const [table, expected] of [[body, rows], [kinds, kinds && (await answer(twin + '/kinds')).rows]]) {
    if (!table || table.querySelector('.empty')) continue;
    if (table.rows.length !== expected.length) wrong.push(table.rows.length + ' rows instead of ' + expected.length);
    expected.forEach((row, i) => {
      for (const node of table.rows[i]?.querySelectorAll('[data-field]') ?? []) check(node, row, 'row ' + i + ' ');
    });
  }
  /* What the process uses right now is other at each look. */
  for (const node of document.querySelectorAll('main [data-field]')) {
    if (node.closest('tbody, #head, #sum, #looked-at, #cycles') || node.dataset.field.startsWith('process.')) continue;
    check(node, json, '');
  }
  return { compared, wrong };
})()`;

/* In the page: tabs of the bar that cannot be seen whole, first of all that with the warning. */
const OUT_OF_SIGHT = `return [...document.querySelectorAll('#frame nav a')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width === 0 || [box.left + 1, box.right - 1].some((x) => {
    const there = document.elementFromPoint(x, (box.top + box.bottom) / 2);
    return !there || !(one === there || one.contains(there));
  });
}).map((one) => one.textContent)`;

/* In the page: what was sent for it, without data, how far it moved, and what did. */
const WEIGH = `return (async () => {
  const sent = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter((one) => !/^\\/api\\/|\\/graph\\./.test(new URL(one.name).pathname))
    .reduce((all, one) => all + one.encodedBodySize, 0);
  let shift = 0;
  const moved = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      shift += one.value;
      for (const { node, previousRect, currentRect } of one.sources) {
        moved.push([node?.nodeName, node?.id, node?.className, previousRect.y, currentRect.y].join(' '));
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  return { sent, shift, moved };
})()`;

function json(browser, path) {
  return browser.run('return fetch(arguments[0]).then((answer) => answer.json())', path);
}

/* The address of each page, those of one thing by what the server has. */
export async function allPages(browser) {
  const first = async (path, of) => of((await json(browser, path)).rows[0]);
  return ['/', '/process', '/threads',
    `/threads/${await first('/api/threads?limit=1', (row) => row.id)}`,
    '/tracker', '/tracker/samples/1', '/tracker/difference', '/types',
    `/tracker/type/${encodeURIComponent(await first('/api/types?limit=1', (row) => row.name))}`,
    '/objects',
    `/objects/${await first('/api/objects?sort=edges&order=desc&limit=1', (row) => row.address)}`,
    '/garbage', '/garbage/1', '/help'];
}

async function open(browser, server, path) {
  await browser.open(server.origin + path);
  await browser.until(`${path} filled`, ready);
}

/* The table of routes lists each page: none is left out here. */
async function listTest({ browser, test }, pages, name) {
  await test(`${name}: these are all pages there are`, async () => {
    const { routes } = await json(browser, '/api/');
    for (const { method, path } of routes) {
      if (method !== 'GET' || /^\/(api|static)\/|graph\./.test(path)) continue;
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
      assert.ok(pages.some((page) => pattern.test(page)), `${path} is not walked`);
    }
  });
}

async function pageTests(context, server, pages, name) {
  const { browser, test, shot } = context;
  for (const path of pages) {
    const kind = path.split('/').slice(0, 3).join('/');
    await test(`${name}: ${path.replace(/0x[0-9a-f]+|\d{3,}/, '…')} says what its JSON says`, async () => {
      await browser.size(1280, 900);
      await open(browser, server, path);
      assert.equal(await browser.run('return document.querySelector("main[data-state]") === null'), true);
      if (path !== '/help') {
        const { compared, wrong } = await browser.run(COMPARE);
        assert.deepEqual(wrong, []);
        if (/^\/(|types|objects|garbage|threads|tracker\/samples\/1)$/.test(path)) assert.ok(compared > 0);
      }
      const { sent, shift, moved } = await browser.run(WEIGH);
      assert.ok(sent > 1000 && sent <= HEAVIEST, `${sent} bytes are sent`);
      assert.ok(shift <= MOST_SHIFT, `it moves by ${shift}: ${moved.join(', ')}`);
      await browser.size(400, 900);
      await open(browser, server, path);
      await browser.until('400 wide', 'document.documentElement.scrollWidth <= 400');
      const narrow = await browser.run(WEIGH);
      assert.ok(narrow.shift <= MOST_SHIFT, `it moves by ${narrow.shift} on a narrow screen: ${narrow.moved.join(', ')}`);
      assert.deepEqual(await browser.run(OUT_OF_SIGHT), []);
      await browser.size(1280, 900);
      await shot(`walk-${name}${kind.replace(/0x[0-9a-f]+/, '').replace(/[^a-z]+/g, '-')}`);
    });
  }
}

async function keyboardTests({ browser, test }, server, pages, name) {
  await test(`${name}: by Tab alone, and one sees where one is`, async () => {
    for (const path of pages) {
      await open(browser, server, path);
      await browser.press(KEY.tab);
      assert.equal(await browser.run('return document.activeElement.className'), 'skip', path);
      for (let i = 0; i < TABS; i++) {
        await browser.press(KEY.tab);
        const [where, seen] = await browser.run(`const one = document.activeElement;
          const box = one.getBoundingClientRect();
          return [one.outerHTML.slice(0, 120), one === document.body || (box.bottom > 0 && box.top < innerHeight
            && getComputedStyle(one).outlineStyle !== 'none')]`);
        assert.ok(seen, `${path}: ${where}`);
      }
    }
  });

  await test(`${name}: g and a letter, on to every page of the bar`, async () => {
    await open(browser, server, '/help');
    for (const [key, path] of Object.entries({
      o: '/', p: '/process', a: '/threads', r: '/tracker', t: '/types', j: '/objects', g: '/garbage', h: '/help',
    })) {
      await browser.press('g', key);
      await browser.until(path, `location.pathname === '${path}' && ${ready}`);
      assert.equal(await browser.run('return document.querySelector("#frame nav [aria-current]").pathname'), path);
    }
  });

  await test(`${name}: a thing, opened with Enter from its table`, async () => {
    for (const [path, selector, begins] of [['/threads', '#threads', '/threads/'], ['/types', '#types', '/tracker/type/'],
      ['/objects', '#all-objects', '/objects/'], ['/garbage', '#garbage', '/garbage/']]) {
      await open(browser, server, path);
      await browser.run('document.querySelector(arguments[0] + " tbody th a").focus()', selector);
      await browser.press(KEY.enter);
      await browser.until(begins, `location.pathname.startsWith('${begins}') && ${ready}`);
    }
  });

  await test(`${name}: what an object is connected with, opened and shut with Enter`, async () => {
    await open(browser, server, pages.find((path) => path.startsWith('/objects/')));
    await browser.until('what it points to', 'document.querySelector("#referents .toggle")');
    await browser.run('document.querySelector("#referents .toggle").focus()');
    await browser.press(KEY.enter);
    await browser.until('the next level', 'document.querySelector("#referents .tree li")');
    await browser.press(KEY.enter);
    assert.equal(await browser.run('return document.querySelector("#referents .tree") === null'), true);
  });
}

/* A question about what is not there leaves nothing behind: BEFORE and after all lists are alike. */
async function absentTests({ browser, test }, server, name) {
  const lists = ['/api/types?limit=1000', '/api/threads?limit=1000', '/api/garbage?limit=1',
    '/api/tracker?points=1&types=1000', '/api/objects?limit=1'];
  const told = async () => JSON.stringify(await Promise.all(lists.map(async (path) => {
    const answer = await json(browser, path);
    return [answer.total, answer.sum, answer.series?.map((one) => one.key), answer.rows?.map((row) => row.name ?? row.id)];
  })));
  await test(`${name}: what is not there is a page that says so, and nothing remembers the question`, async () => {
    await open(browser, server, '/types');
    const before = name === 'file' ? await told() : null;
    for (const path of NOT_THERE) {
      await browser.open(server.origin + path);
      assert.match(await browser.text('main h1'), /404/, path);
      assert.match(await browser.text('#frame nav'), /Overview[^]*Help/, path);
      assert.ok(await browser.run('return document.querySelectorAll("main a").length > 0'), path);
      if (path.startsWith('/static')) continue;
      const twin = await browser.run(`return fetch('/api' + arguments[0]).then(async (answer) =>
        [answer.status, answer.headers.get('content-type'), (await answer.json()).error?.status])`, path);
      assert.deepEqual([twin[0], twin[2]], [404, 404], path);
      assert.match(twin[1], /^application\/json/, path);
    }
    await open(browser, server, '/types');
    if (before) assert.equal(await told(), before);
    const traces = await browser.run(`return Promise.all(arguments[0].map(async (path) =>
      /no.?such|999999999/i.test(await (await fetch(path)).text())))`, lists);
    assert.deepEqual(traces, traces.map(() => false));
    await browser.complaints();
  });
}

async function printTest({ browser, test }, server, name) {
  await test(`${name}: printed, the figures without the controls`, async () => {
    for (const path of ['/', '/types', '/garbage/1']) {
      await open(browser, server, path);
      await browser.devtools('Emulation.setEmulatedMedia', { media: 'print' });
      const shown = await browser.run(`return ['#frame nav', '#take', 'main table', '.process'].map((selector) =>
        document.querySelector(selector).checkVisibility())`);
      await browser.devtools('Emulation.setEmulatedMedia', { media: '' });
      assert.deepEqual(shown, [false, false, true, true], path);
    }
  });
}

async function walkPages(context, server, name) {
  const { browser, test } = context;
  await browser.open(server.url);
  await browser.until('an overview', ready);
  const pages = await allPages(browser);
  await listTest(context, pages, name);
  await pageTests(context, server, pages, name);
  await keyboardTests(context, server, pages, name);
  await test(`${name}: no complaint on the console`, async () => {
    assert.deepEqual(await browser.complaints(), []);
  });
  await absentTests(context, server, name);
  await printTest(context, server, name);
}

export async function walk(context) {
  const { browser, build, gcglass, test } = context;
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-walk-'));
  const recording = join(directory, 'observer.gcrec');
  /* doc/images/pages has an example of its own, and wants a chart that looks like one. */
  const pictures = process.env.GCGLASS_EXAMPLES;
  const live = await Gcglass.start(gcglass, ['run', '--port', '0', '--every', '0.5', '--contents', '--lifetimes',
    '--record', recording, '--', join(pictures ?? join(build, 'examples'), 'observer'),
    '--wait']);
  let file = null;
  try {
    await browser.complaints(); /* of the acts before */
    await browser.open(live.url);
    await browser.until('some samples', `fetch('/api/tracker?points=2').then((answer) => answer.json())
      .then((told) => told.total >= ${pictures ? 12 : 2})`);
    await browser.until('a snapshot', 'document.querySelector("#findings a")');
    /* The first one may be from before the program has made anything. */
    await browser.until('a snapshot with objects', `fetch('/api/types?limit=1').then((answer) => answer.json())
      .then(({ rows }) => rows?.length > 0 || fetch('/api/snapshot', { method: 'POST', body: '{}',
        headers: { 'Content-Type': 'application/json', 'X-Gcglass': '1' } }).then(() => false))`);
    /* What is compared must not change between two looks. */
    await browser.run(`return fetch('/api/sampling', { method: 'POST', body: JSON.stringify({ every: '0' }),
      headers: { 'Content-Type': 'application/json', 'X-Gcglass': '1' } }).then((answer) => answer.status)`);
    await walkPages(context, live, 'live');
    const { frame } = await json(browser, '/api/frame');
    process.kill(frame.pid, 'SIGTERM');
    await browser.until('its end', 'document.querySelector("#frame .ended")');
    await browser.open('about:blank');
    await live.stop();
    await access(recording);
    file = await Gcglass.start(gcglass, ['view', '--port', '0', recording]);
    await walkPages(context, file, 'file');
    await test('file: the recorded process, not who looks at it', async () => {
      await open(browser, file, '/process');
      assert.match(await browser.text('.lead'), /examples\/observer --wait/);
      assert.match(await browser.text('#frame .process'), new RegExp(`pid ${frame.pid} · from a file`));
    });
  } finally {
    await live.stop();
    await file?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
