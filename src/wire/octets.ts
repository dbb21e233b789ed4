/** Text of protocols that are older than UTF-8: a character for each byte, so that nothing is lost on the way back. */

/** One character for each byte (ISO 8859-1). */
export function fromOctets(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  let text = '';
  // Pieces that every engine takes as arguments.
  for (let at = start; at < end; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)));
  }
  return text;
}

/** The bytes again; characters beyond U+00FF are cut to their low byte. */
export function toOctets(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

/** Where `byte` is in `bytes[start … end)`; -1 when it is not. */
export function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  const at = bytes.indexOf(byte, start);
  return at < end ? at : -1;
}
