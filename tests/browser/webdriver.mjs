/* webdriver.mjs -- a small client of chromedriver: what the browser test needs and no more.
 *
 * Speaks the W3C WebDriver protocol with fetch, so that the test needs no package from anywhere:
 * https://www.w3.org/TR/webdriver2/.  Elements are looked for until they are there (or the time is
 * over), since pages fill themselves by fetch.  The browser's profile is a directory of its own,
 * removed at the end, and no name but loopback resolves in it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const LOOK_MS = 50;
const WAIT_MS = 20000;
const START_MS = 20000;

export const KEY = { enter: '\uE007', escape: '\uE00C', tab: '\uE004', right: '\uE014', home: '\uE011' };

/* Runs chromedriver on a free port; answers { process, port }. */
function startDriver(program) {
  const driver = spawn(program, ['--port=0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`chromedriver does not start: ${said}`)), START_MS);
    const listen = (chunk) => {
      said += chunk;
      const port = /started successfully on port (\d+)/.exec(said);
      if (!port) return;
      clearTimeout(late);
      resolve({ process: driver, port: Number(port[1]) });
    };
    driver.stdout.on('data', listen);
    driver.stderr.on('data', listen);
    driver.on('error', reject);
    driver.on('exit', () => reject(new Error(`chromedriver ended: ${said}`)));
  });
}

export class Browser {
  /* Starts CHROMEDRIVER and through it CHROMIUM. */
  static async start({ chromedriver, chromium }) {
    const browser = new Browser();
    browser.profile = await mkdtemp(join(tmpdir(), 'gcglass-browser-'));
    try {
      browser.driver = await startDriver(chromedriver);
      browser.base = `http://127.0.0.1:${browser.driver.port}`;
      await browser.newSession(chromium);
    } catch (error) {
      await browser.stop();
      throw error;
    }
    return browser;
  }

  async newSession(chromium) {
    const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic',
      '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      `--user-data-dir=${this.profile}`, '--window-size=1280,900'];
    const { sessionId } = await this.call('POST', '/session', {
      capabilities: {
        alwaysMatch: {
          browserName: 'chrome',
          'goog:chromeOptions': { binary: chromium, args },
          'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
        },
      },
    });
    this.base += `/session/${sessionId}`;
    this.session = sessionId;
  }

  async stop() {
    if (this.session) await this.call('DELETE', '').catch(() => {});
    if (this.driver) {
      const ended = new Promise((resolve) => { this.driver.process.once('exit', resolve); });
      this.driver.process.kill();
      await ended;
    }
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async call(method, path, body = undefined) {
    const response = await fetch(this.base + path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  open(url) { return this.call('POST', '/url', { url }); }
  url() { return this.call('GET', '/url'); }
  back() { return this.call('POST', '/back', {}); }

  /* Runs the body of a function in the page with its ARGUMENTS; answers what it returns. */
  run(script, ...args) { return this.call('POST', '/execute/sync', { script, args }); }

  /* Waits until the expression SCRIPT is truthy in the page and answers its value. */
  async until(what, script, ...args) {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const value = await this.run(`return ${script}`, ...args).catch((error) => {
        if (/javascript error|stale|no such/.test(error.message)) return null;
        throw error;
      });
      if (value) return value;
      if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
      await sleep(LOOK_MS);
    }
  }

  /* The element SELECTOR as the protocol names it, once it is there and shown. */
  async element(selector) {
    const found = await this.until(selector,
      '[...document.querySelectorAll(arguments[0])].find((one) => one.checkVisibility()) ?? null',
      selector);
    return found[ELEMENT];
  }

  /* What the protocol's command WHAT on the element SELECTOR answers.  The element is found again
     when the page has put another in its place meanwhile. */
  async on(selector, method, what, body = undefined) {
    for (;;) {
      try {
        return await this.call(method, `/element/${await this.element(selector)}/${what}`, body);
      } catch (error) {
        if (!/stale element/.test(error.message)) throw error;
      }
    }
  }

  async click(selector) { await this.on(selector, 'POST', 'click', {}); }
  async type(selector, text) { await this.on(selector, 'POST', 'value', { text }); }
  async text(selector) { return this.on(selector, 'GET', 'text'); }

  /* Presses keys one after another where the focus is. */
  async press(...keys) {
    const actions = keys.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    await this.call('POST', '/actions', { actions: [{ type: 'key', id: 'keys', actions }] });
  }

  /* Puts the pointer on the middle of SELECTOR. */
  async hover(selector) {
    const origin = { [ELEMENT]: await this.element(selector) };
    await this.call('POST', '/actions', {
      actions: [{
        type: 'pointer',
        id: 'mouse',
        parameters: { pointerType: 'mouse' },
        actions: [{ type: 'pointerMove', duration: 0, origin, x: 0, y: 0 }],
      }],
    });
  }

  /* Drags from FROM pixels beside the middle of SELECTOR to TO pixels beside it. */
  async drag(selector, from, to) {
    const origin = { [ELEMENT]: await this.element(selector) };
    const move = (x) => ({ type: 'pointerMove', duration: 50, origin, x, y: 0 });
    await this.call('POST', '/actions', {
      actions: [{
        type: 'pointer',
        id: 'mouse',
        parameters: { pointerType: 'mouse' },
        actions: [move(from), { type: 'pointerDown', button: 0 }, move(to), { type: 'pointerUp', button: 0 }],
      }],
    });
  }

  devtools(cmd, params) {
    return this.call('POST', '/goog/cdp/execute', { cmd, params });
  }

  size(width, height) {
    return this.devtools('Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: false });
  }

  media(features) {
    return this.devtools('Emulation.setEmulatedMedia', {
      features: Object.entries(features).map(([name, value]) => ({ name, value })),
    });
  }

  async screenshot(path) {
    await writeFile(path, Buffer.from(await this.call('GET', '/screenshot'), 'base64'));
  }

  /* What the console said since the last call, warnings and errors only. */
  async complaints() {
    const entries = await this.call('POST', '/se/log', { type: 'browser' });
    return entries.filter((entry) => ['WARNING', 'SEVERE'].includes(entry.level))
      .map((entry) => entry.message);
  }

  /* Addresses asked for since the last call. */
  async requests() {
    const entries = await this.call('POST', '/se/log', { type: 'performance' });
    return entries.map((entry) => JSON.parse(entry.message).message)
      .filter((message) => message.method === 'Network.requestWillBeSent')
      .map((message) => message.params.request.url);
  }
}
