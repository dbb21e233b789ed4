/**
 * Domain names on the wire and as text: RFC 1035 §3.1 (labels), §4.1.4 (compression), §5.1 (text with `\.` and `\DDD`).
 * DNS messages use them, and the search lists of router advertisements (RFC 8106 §5.2), which never compress.
 */
import { type DecodeFault, fault } from '../core/fault.ts';

/** RFC 1035 §3.1: a name, with its lengths and the root's zero. */
const MOST_BYTES = 255;
/** RFC 1035 §2.3.4 */
const MOST_LABEL_BYTES = 63;

export interface DecodedName {
  readonly ok: true;
  /** Labels joined by dots, without one at the end; `.` for the root. */
  readonly name: string;
  /** The byte after the name where it stands, not where a pointer leads. */
  readonly end: number;
  /** Whether a pointer was followed: then `encodeName` gives other bytes. */
  readonly compressed: boolean;
}

/**
 * Decode one name.
 * @param message where pointers count from; undefined where compression is not allowed
 * Faults: TRUNCATED; BAD_VALUE (a pointer that does not lead back, a label type that is none); BAD_LENGTH (over 255)
 */
export function decodeName(
  bytes: Uint8Array,
  offset: number,
  end: number,
  message?: number,
): DecodedName | DecodeFault {
  const labels: string[] = [];
  let at = offset;
  let after = -1;
  // Every pointer has to lead to before where the name, or the part last jumped to, began: so each jump goes further
  // back, and loops cannot be.
  let before = offset;
  let total = 1;
  for (;;) {
    if (at >= end) return fault('TRUNCATED', 'dns', 'name', at, 1, 0);
    const length = bytes[at]!;
    if (length === 0) break;
    if (length >= 0xc0) {
      if (at + 2 > end) return fault('TRUNCATED', 'dns', 'name', at, 2, end - at);
      if (message === undefined) return fault('UNSUPPORTED', 'dns', 'name', at, 0, length);
      const target = message + (((length & 0x3f) << 8) | bytes[at + 1]!);
      if (target >= before) return fault('BAD_VALUE', 'dns', 'name', at, before - message, target - message);
      if (after < 0) after = at + 2;
      at = target;
      before = target;
      continue;
    }
    if (length > MOST_LABEL_BYTES) return fault('BAD_VALUE', 'dns', 'name', at, MOST_LABEL_BYTES, length);
    if (at + 1 + length > end) return fault('TRUNCATED', 'dns', 'name', at, 1 + length, end - at);
    total += 1 + length;
    if (total > MOST_BYTES) return fault('BAD_LENGTH', 'dns', 'name', offset, MOST_BYTES, total);
    labels.push(labelText(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return {
    ok: true,
    name: labels.length === 0 ? '.' : labels.join('.'),
    end: after < 0 ? at + 1 : after,
    compressed: after >= 0,
  };
}

/** RFC 1035 §5.1: what is no printable ASCII becomes `\DDD`, dots and backslashes in a label get a backslash. */
function labelText(bytes: Uint8Array, offset: number, end: number): string {
  let text = '';
  for (let i = offset; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

/**
 * Encode a name without compression. A dot at the end is allowed; characters over ASCII are not (use punycode).
 * @throws TypeError for an empty label or a character that has to be written as `\DDD`; RangeError when it is too long
 */
export function encodeName(name: string): Uint8Array {
  const labels = labelsOf(name);
  const bytes: number[] = [];
  for (const label of labels) bytes.push(label.length, ...label);
  bytes.push(0);
  if (bytes.length > MOST_BYTES) throw new RangeError(`name: expected at most 255 bytes, got ${bytes.length}`);
  return Uint8Array.from(bytes);
}

function labelsOf(name: string): number[][] {
  const labels: number[][] = [];
  if (name === '' || name === '.') return labels;
  let label: number[] = [];
  const finish = (): void => {
    if (label.length === 0) throw new TypeError(`name: expected no empty label, got '${name}'`);
    if (label.length > MOST_LABEL_BYTES) {
      throw new RangeError(`name: expected labels of at most 63 bytes, got ${label.length} in '${name}'`);
    }
    labels.push(label);
    label = [];
  };
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === 0x2e) {
      finish();
    } else if (code === 0x5c) {
      const digits = /^\d{3}/.exec(name.slice(i + 1));
      const value = digits === null ? name.charCodeAt(i + 1) : Number(digits[0]);
      // NaN after a last backslash.
      if (!(value <= 255)) throw new TypeError(`name: expected \\. or \\000 to \\255, got '${name}'`);
      label.push(value);
      i += digits === null ? 1 : 3;
    } else {
      if (code > 0x7f) throw new TypeError(`name: expected ASCII, got '${name}'`);
      label.push(code);
    }
  }
  if (label.length > 0) finish();
  return labels;
}
