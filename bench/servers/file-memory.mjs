// Reads a capture file of any size: `WHO FILE` → `MiB 1000000000`, the resident memory that it took over Node's own.
import { CaptureFileCursor, readCaptureFile } from 'barewire/os';

const [who, path] = process.argv.slice(2);
const before = process.resourceUsage().maxRSS;
let packets = 0;
if (who === 'cursor') {
  const cursor = new CaptureFileCursor(path);
  while (cursor.next()) packets++;
  cursor.close();
} else for await (const items of readCaptureFile(path)) packets += items.length;
const mib = (process.resourceUsage().maxRSS - before) / 1024;
console.log(packets > 1_000_000 ? `${mib} 1000000000` : '');
