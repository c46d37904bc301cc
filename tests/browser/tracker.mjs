/* tracker.mjs -- third act: samples of a running program, then the recording of them, from a file.
 *
 * What a program allocates is its own affair; what is asserted is what must hold of any samples:
 * the pages agree with the JSON, with one another and with the address.
 */
import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gcglass } from './gcglass.mjs';
import { KEY } from './webdriver.mjs';

const rowsReady = '!document.querySelector("tbody .skeleton, tbody[aria-busy]")';
const CHART = '#chart canvas';

/* Whether something is drawn on the canvas SELECTOR: told from a copy, since reading a canvas
   itself makes the browser complain. */
const painted = `((canvas) => {
  if (!canvas || canvas.width === 0) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height)
    .getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return new Uint32Array(data.buffer).some((pixel) => pixel !== 0);
})(document.querySelector(arguments[0]))`;

function json(browser, path) {
  return browser.run('return fetch(arguments[0]).then((answer) => answer.json())', path);
}

const caption = 'document.querySelector("#chart figcaption").textContent';
const samplesTold = 'Number(/([\\d,]+) samples/.exec(document.getElementById("standing").textContent)?.[1])';

async function samplingTests({ browser, test, shot }, server) {
  await test('not sampling: the page says so, and a button starts it', async () => {
    await browser.open(server.url);
    await browser.open(`${server.origin}/tracker`);
    /* The first snapshot has taken the first sample. */
    await browser.until('word of it', '/Not sampling: 1 sample\\./.test(document.getElementById("standing").textContent)');
    await browser.click('#start');
    await browser.until('three samples, without a reload', `${samplesTold} >= 3`);
    assert.match(await browser.text('#standing'), /Sampling every second/);
    await browser.until('a chart', painted, CHART);
    await shot('tracker-live');
  });

  await test('a sample on demand, with a description', async () => {
    await browser.type('#take-sample input', 'by the test');
    await browser.click('#take-sample button');
    await browser.until('its row', `[...document.querySelectorAll('#samples .description')]
      .some((cell) => cell.textContent.includes('by the test'))`);
  });

  await test('the overview draws them too, and the trend of the biggest types', async () => {
    await browser.open(`${server.origin}/`);
    await browser.until('a chart', painted, '#memory canvas');
    await browser.until('a trend', painted, '#top-types .trend canvas');
    assert.match(await browser.text('#standing'), /Sampling every second/);
  });

  await test('stopped: no further sample comes', async () => {
    await browser.open(`${server.origin}/tracker`);
    await browser.click('#stop-sampling');
    await browser.until('word of it', '/Not sampling/.test(document.getElementById("standing").textContent)');
    const { total } = await json(browser, '/api/tracker?points=2');
    await sleep(2500);
    assert.equal((await json(browser, '/api/tracker?points=2')).total, total);
    await browser.click('#start');
    await browser.until('more', `${samplesTold} > ${total}`);
  });
}

async function chartTests({ browser, test, shot }, server) {
  await test('the chart by keyboard: moments are read in words', async () => {
    await browser.open(`${server.origin}/tracker`);
    await browser.until('a chart', painted, CHART);
    await browser.press('c');
    await browser.press(KEY.home);
    const first = await browser.run(`return ${caption}`);
    assert.match(first, /^Sample 1[, ]/);
    await browser.press(KEY.right);
    assert.match(await browser.run(`return ${caption}`), /^Sample [2-9]/);
  });

  await test('zoomed and whole again by keyboard, the range in the address', async () => {
    await browser.press(KEY.right, '+');
    await browser.until('a range', '/from=\\d+/.test(location.search)');
    await browser.until('the button', '!document.getElementById("whole").disabled');
    await browser.press('0');
    await browser.until('no range', '!/from=|to=/.test(location.search)');
  });

  await test('zoomed by dragging, and by the button whole again', async () => {
    await browser.drag(CHART, -150, 150);
    await browser.until('a range', '/from=\\d+/.test(location.search)');
    await browser.click('#whole');
    await browser.until('no range', '!/from=|to=/.test(location.search)');
  });

  await test('series can be left out, and the address remembers', async () => {
    await browser.click('#only-types');
    await browser.until('it is in the address', '/hide=/.test(location.search)');
    await browser.open(await browser.url());
    await browser.until('a chart', painted, CHART);
    const shown = await browser.run(`return [...document.querySelectorAll('#chart .legend li')]
      .map((item) => [item.querySelector('input').checked, item.querySelector('a') !== null])`);
    assert.ok(shown.length > 0);
    for (const [checked, isType] of shown) assert.equal(checked, isType);
    await browser.click('#all-series');
    await browser.until('all', '!/hide=/.test(location.search)');
  });

  await test('another theme, another picture', async () => {
    const picture = 'document.querySelector("#chart canvas").toDataURL()';
    const before = await browser.run(`return ${picture}`);
    await browser.click('#theme');
    await browser.until('drawn anew', `${picture} !== arguments[0]`, before);
    await shot('tracker-theme');
    await browser.click('#theme');
  });

  await test('Enter opens the moment', async () => {
    await browser.run('document.querySelector("#chart canvas").focus()');
    await browser.press(KEY.home, KEY.enter);
    await browser.until('a sample', 'location.pathname === "/tracker/samples/1"');
    await browser.until('rows', rowsReady);
    assert.match(await browser.text('h1'), /^Sample 1/);
    await shot('sample');
  });
}

async function tableTests({ browser, test, shot }, server) {
  await test('a sample: the table is what the JSON says', async () => {
    await browser.open(`${server.origin}/tracker/samples/1`);
    await browser.until('rows', rowsReady);
    const { rows } = await json(browser, '/api/tracker/samples/1?sort=bytes&order=desc&limit=50');
    const names = await browser.run(`return [...document.querySelectorAll('#types tbody .type code')]
      .map((one) => one.textContent)`);
    assert.deepEqual(names, rows.map((row) => row.name));
  });

  await test('two samples chosen, their difference, most grown first', async () => {
    await browser.open(`${server.origin}/tracker?sort=number&order=asc`);
    await browser.until('rows', `${rowsReady} && document.querySelectorAll('#samples tbody tr').length > 2`);
    await browser.click('#samples tbody tr:nth-child(2) input[name=from]');
    await browser.until('the button knows', '/Compare 2 with/.test(document.getElementById("compare").textContent)');
    await browser.click('#compare');
    await browser.until('rows', `location.pathname === '/tracker/difference' && ${rowsReady}`);
    assert.match(await browser.text('h1'), /^From sample 2/);
    const query = await browser.run('return location.search');
    const { rows } = await json(browser, `/api/tracker/difference${query}`);
    const changes = rows.map((row) => row.bytes_change);
    assert.deepEqual(changes, [...changes].sort((a, b) => b - a));
    await shot('difference');
  });

  await test('from the later sample to the earlier: the same, backwards', async () => {
    const { first, last } = await json(browser, '/api/tracker?points=2');
    const there = await json(browser, `/api/tracker/difference?from=${first.number}&to=${last.number}&limit=1000`);
    await browser.open(`${server.origin}/tracker/difference?from=${last.number}&to=${first.number}`);
    await browser.until('rows', rowsReady);
    assert.match(await browser.text('h1'), new RegExp(`^From sample ${last.number}.* back to sample ${first.number}`));
    assert.match(await browser.text('#sum'), /, backwards from /);
    const { rows } = await json(browser, `/api/tracker/difference?from=${last.number}&to=${first.number}&limit=1000`);
    const facts = (list, sign) => list.map((row) => [row.name, sign * row.bytes_change || 0, row.made_count, row.made_bytes]).sort();
    assert.deepEqual(facts(rows, -1), facts(there.rows, 1));
    assert.ok(rows.every((row) => row.made_count >= 0 && row.made_count < 1e9));
  });

  await test('the layers of the chart are what is resident, in words too', async () => {
    const { chart } = await json(browser, '/api/tracker?points=20');
    chart.resident_bytes.forEach((resident, i) => {
      assert.equal(chart.bytes.reduce((sum, values) => sum + values[i], 0), resident);
    });
    await browser.open(`${server.origin}/tracker`);
    await browser.until('a chart', painted, CHART);
    assert.match(await browser.run(`return ${caption}`), /: [\d.]+\u00a0\w+ resident$/);
  });

  await test('“alive” says what it means', async () => {
    await browser.until('rows', rowsReady);
    for (const column of ['live_count', 'live_bytes']) {
      assert.match(await browser.run('return document.querySelector(arguments[0]).title', `th[data-sort=${column}]`),
        /last collection left, and what was made since/);
    }
  });

  await test('one type, from the legend', async () => {
    await browser.open(`${server.origin}/tracker`);
    await browser.click('#chart .legend a');
    await browser.until('its page', `location.pathname.startsWith('/tracker/type/')
      && document.querySelector('h1.name').textContent.trim() !== ''`);
    await browser.until('a chart', painted, CHART);
    const name = await browser.run('return decodeURIComponent(location.pathname.slice(14))');
    assert.equal(await browser.text('h1.name'), name);
    await browser.until('its instances', rowsReady);
    const { type } = await json(browser, `/api/tracker/type/${encodeURIComponent(name)}`);
    const tiles = await browser.run(`return Object.fromEntries([...document.querySelectorAll('#tiles > div')]
      .map((tile) => [tile.querySelector('dt').textContent, [tile.querySelector('dd').firstChild.textContent, tile.title]]))`);
    assert.equal(Number(tiles.Died[0].replace(/,/g, '')), type.died.count);
    assert.match(tiles.Died[1], /not alive any more at the last sample/);
    assert.match(tiles.Made[1], /since gcglass began to count/);
    await shot('type');
  });

  await test('no sample of that number, no type of that name: a page that says so', async () => {
    for (const path of ['/tracker/samples/999999', '/tracker/type/no%20such%20type']) {
      await browser.open(server.origin + path);
      assert.match(await browser.text('main'), /404/);
    }
    const index = await json(browser, '/api/tracker?points=2&types=1000');
    assert.ok(!JSON.stringify(index).includes('no such type'));
  });
}

async function hiddenTests({ browser, test }, server) {
  await test('a hidden tab asks for nothing', async () => {
    await browser.open(`${server.origin}/tracker`);
    await browser.until('samples', `${samplesTold} >= 3`);
    await browser.run(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
    assert.match(await browser.text('#standing'), /Paused/);
    await sleep(500);
    await browser.requests();
    await sleep(2500);
    assert.deepEqual(await browser.requests(), []);
    await browser.run(`delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))`);
    await browser.until('it goes on', '/Sampling/.test(document.getElementById("standing").textContent)');
  });
}

async function offlineTests(context, gcglass, recording) {
  const { browser, test, shot } = context;
  const server = await Gcglass.start(gcglass, ['view', '--port', '0', recording]);
  try {
    await test('the recording, from its file: the same samples, and nothing to start', async () => {
      await browser.open(server.url);
      await browser.open(`${server.origin}/tracker`);
      await browser.until('a chart', painted, CHART);
      assert.match(await browser.text('#standing'), /from a file/);
      assert.equal(await browser.run('return document.getElementById("controls").hidden'), true);
      await browser.until('its description', `document.querySelector('#samples tbody')
        ?.textContent.includes('by the test')`);
      await shot('tracker-file');
    });
    await chartTests(context, server);
    await tableTests(context, server);
    await test('no complaint on the console but those of the missing pages', async () => {
      const complaints = await browser.complaints();
      assert.deepEqual(complaints.filter((one) => !/404/.test(one)), []);
    });
  } finally {
    await server.stop();
  }
}

export async function tracker(context) {
  const { browser, build, gcglass, test } = context;
  const directory = await mkdtemp(join(tmpdir(), 'gcglass-tracker-'));
  const recording = join(directory, 'observer.gcrec');
  const server = await Gcglass.start(gcglass, ['run', '--port', '0', '--every', '0',
    '--record', recording, '--', join(build, 'examples/observer'), '--wait']);
  try {
    await browser.complaints(); /* of the acts before, about servers that have ended */
    await samplingTests(context, server);
    await chartTests(context, server);
    await tableTests(context, server);
    await hiddenTests(context, server);
    await test('the program ends: the samples stay, and the page says that none will come', async () => {
      await browser.open(`${server.origin}/tracker`);
      const { frame } = await json(browser, '/api/frame');
      process.kill(frame.pid, 'SIGTERM');
      await browser.until('word of it', '/has ended.*none will come/.test(document.getElementById("standing").textContent)');
      assert.ok(await browser.run(`return ${painted}`, CHART));
    });
    /* A page that looks for its server in vain complains. */
    await browser.open('about:blank');
    await server.stop();
    await access(recording);
    await offlineTests(context, gcglass, recording);
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
