// A capture that counts: `BACKEND INTERFACE` → "ready 0"; a line ends it: "packets dropped".
import { openCapture } from 'barewire/os';

const [backend, name] = process.argv.slice(2);
const capture = openCapture(name, { backend, bufferBytes: 4 << 20 });
let count = 0;
let used = 0;
function take() {
  for (let batch = capture.tryNext(); batch !== null; batch = capture.tryNext()) {
    for (const packet of batch) used += packet.bytes[12] + packet.length;
    count += batch.length;
  }
}
capture.onReadable(take);
console.log('ready 0');
process.stdin.once('data', () => {
  // What is under way is handed over within the retire time.
  setTimeout(() => {
    take();
    const { dropped } = capture.statistics();
    console.log(used === 1 ? '' : `${count} ${dropped}`);
    process.exit();
  }, 100);
});
