/* gcglass.mjs -- starts gcglass as its user does and reads the address that it prints.
 */
import { spawn } from 'node:child_process';

const START_MS = 20000;

export class Gcglass {
  /* Runs PROGRAM with ARGUMENTS; the address is there when this returns. */
  static async start(program, args) {
    const one = new Gcglass();
    one.said = '';
    one.process = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    one.ended = new Promise((resolve) => { one.process.once('exit', resolve); });
    one.url = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${program} ${args.join(' ')}: ${why}\n${one.said}`));
      const late = setTimeout(() => fail('no address was printed'), START_MS);
      one.process.stderr.on('data', (chunk) => {
        one.said += chunk;
        const url = /http:\/\/\S+/.exec(one.said);
        if (url && one.said.indexOf('\n', url.index) >= 0) {
          clearTimeout(late);
          resolve(url[0]);
        }
      });
      one.process.once('error', (error) => fail(error.message));
      one.process.once('exit', (status) => fail(`ended with status ${status}`));
    });
    one.origin = new URL(one.url).origin;
    return one;
  }

  async stop() {
    if (this.process.exitCode === null) this.process.kill('SIGINT');
    return this.ended;
  }
}
