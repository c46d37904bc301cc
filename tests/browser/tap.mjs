/* tap.mjs -- tests one after another, reported in the Test Anything Protocol.
 */
export class Tap {
  constructor() {
    this.count = 0;
    this.failed = 0;
  }

  /* Runs FUNCTION as the test NAME; a failure is reported and, by ONFAIL, looked into. */
  async test(name, run, onFail = async () => {}) {
    this.count++;
    try {
      await run();
      console.log(`ok ${this.count} - ${name}`);
    } catch (error) {
      this.failed++;
      console.log(`not ok ${this.count} - ${name}`);
      for (const line of String(error.stack ?? error).split('\n')) console.log(`# ${line}`);
      await onFail(name).catch((second) => console.log(`# and then: ${second.message}`));
    }
  }

  skip(name, why) {
    this.count++;
    console.log(`ok ${this.count} - ${name} # SKIP ${why}`);
  }

  /* Ends the report; answers the exit status. */
  end() {
    console.log(`1..${this.count}`);
    return this.failed > 0 ? 1 : 0;
  }
}
