/* take.mjs -- takes the picture of README.md from the real page of one leaked cycle.
 *
 *   node doc/images/take.mjs URL FILE           URL as ./bootstrap demo prints it
 *   convert FILE +dither -colors 40 PNG8:FILE   makes it small
 */
import { Browser } from '../../tests/browser/webdriver.mjs';

const [url, file] = process.argv.slice(2);
const browser = await Browser.start({ chromedriver: 'chromedriver', chromium: '/usr/bin/chromium' });
try {
  await browser.media({ 'prefers-color-scheme': 'light' });
  await browser.open(url);
  await browser.size(1320, 1180);
  await browser.open(`${new URL(url).origin}/garbage/60`);
  await browser.until('the picture', "document.querySelector('svg g.node, img[src*=graph]')");
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  await browser.screenshot(file);
} finally {
  await browser.stop();
}
