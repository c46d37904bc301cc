/* take.mjs -- takes the pictures of README.md from the real pages.
 *
 *   node doc/images/take.mjs URL DIRECTORY      URL as ./bootstrap demo prints it
 *
 * Writes overview.png and cycle.png (the component of one leaked cycle).  To make them small:
 * convert FILE +dither -colors 40 PNG8:FILE.
 */
import { join } from 'node:path';
import { Browser } from '../../tests/browser/webdriver.mjs';

const [url, directory] = process.argv.slice(2);
const browser = await Browser.start({ chromedriver: 'chromedriver', chromium: '/usr/bin/chromium' });
try {
  await browser.media({ 'prefers-color-scheme': 'light' });
  await browser.open(url);
  const { origin } = new URL(url);
  const take = async (path, height, ready, name) => {
    await browser.size(1120, height);
    await browser.open(origin + path);
    await browser.until(`${path} to be filled`, ready);
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    await browser.screenshot(join(directory, name));
  };
  await take('/', 740, "document.querySelector('main a')", 'overview.png');
  await take('/garbage/60', 1270, "document.querySelector('svg g.node, img[src*=graph]')", 'cycle.png');
} finally {
  await browser.stop();
}
