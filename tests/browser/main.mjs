/* main.mjs -- the pages in a real browser, served by the real gcglass, in five acts:
 *   view.mjs   a snapshot of an imaginary heap in which everything is known (make_snapshot.c)
 *   live.mjs   an example program under "gcglass run": taking snapshots, its end, the server's end;
 *              one that serves itself, one that becomes another, several files, malloc
 *   tracker.mjs  samples of a running program, and their recording, from its file
 *   hostile.mjs  a program whose every text is an attack
 *   walk.mjs  every page of a running program and of its recording, against its JSON, by keyboard
 *
 * and in tests of their own, axe-PART.test:
 *   axe.mjs   every page by the rules of axe-core
 *
 * Called by browser.test with the paths of chromedriver and chromium, and "all" or "axe" and a part of
 * it; prints TAP.
 * Screenshots are left in $top_builddir/tests/browser/, those of failures as failed-N.png.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Browser } from './webdriver.mjs';
import { Tap } from './tap.mjs';
import { view } from './view.mjs';
import { files, live, malloced, replaced, within } from './live.mjs';
import { tracker } from './tracker.mjs';
import { hostile } from './hostile.mjs';
import { walk } from './walk.mjs';
import { axe } from './axe.mjs';

const [chromedriver, chromium, act, part] = process.argv.slice(2);
const build = process.env.top_builddir;
const shots = join(build, 'tests/browser/screenshots');

await mkdir(shots, { recursive: true });
const browser = await Browser.start({ chromedriver, chromium });
const tap = new Tap();
const context = {
  browser,
  build,
  gcglass: process.env.GCGLASS_SERVER ?? join(build, 'tools/gcglass'),
  shot: (name) => browser.screenshot(join(shots, `${name}.png`)),
  skip: (name, why) => tap.skip(name, why),
  test: (name, run) => tap.test(name, run, async () => {
    await context.shot(`failed-${tap.count}`);
    console.log(`# at ${await browser.url()}, see screenshots/failed-${tap.count}.png`);
  }),
};
try {
  await browser.size(1280, 900);
  if (act === 'axe') await axe(context, part);
  else {
    await view(context);
    await live(context);
    await within(context);
    await replaced(context);
    await files(context);
    await malloced(context);
    await tracker(context);
    await hostile(context);
    await walk(context);
  }
} finally {
  await browser.stop();
}
process.exitCode = tap.end();
