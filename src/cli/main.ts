/** Entry of `barewire` and `bwr`. */
import { ignoreClosedPipes } from './output.ts';
import { run } from './program.ts';

ignoreClosedPipes();
// Set rather than exit: what is still being written gets out first.
process.exitCode = await run(process.argv.slice(2));
