/**
 * The echo service's words: each message is answered with its length, `exit` ends a client.
 *
 * A message is what one recv(2) of up to 1024 bytes returned. Over UDP that is a datagram; over TCP it is whatever had
 * arrived, so one send can have several answers, and several sends one: TCP keeps bytes, not messages.
 */
export const ECHO_TCP_PORT = 6666;
export const ECHO_UDP_PORT = 9999;

export const MESSAGE_BYTES = 1024;
export const EXIT = 'exit';

const BEFORE = 'Your data was ';
const AFTER = ' bytes long';

const encoder = new TextEncoder();

export function answerTo(byteCount: number): Uint8Array {
  return encoder.encode(`${BEFORE}${byteCount}${AFTER}`);
}

export function isExit(message: Uint8Array): boolean {
  return message.length === EXIT.length && encoder.encode(EXIT).every((byte, i) => message[i] === byte);
}

export interface ReadAnswers {
  /** The answers in `text`, one by one; all of it as one when it is not this service that speaks. */
  readonly answers: readonly string[];
  /** Bytes of our message that have no answer yet: more is to come. */
  readonly missing: number;
}

/**
 * Part the answers to a message of `sent` bytes that arrived as one stream of text.
 * @returns missing 0 when all is answered, or when `text` is from some other service
 */
export function readAnswers(text: string, sent: number): ReadAnswers {
  const answers: string[] = [];
  let rest = text;
  let missing = sent;
  for (;;) {
    const match = new RegExp(`^${BEFORE}(\\d+)${AFTER}`).exec(rest);
    if (match === null) break;
    answers.push(match[0]);
    missing -= Number(match[1]);
    rest = rest.slice(match[0].length);
  }
  if (rest !== '' && !isBeginning(rest)) return { answers: [text], missing: 0 };
  return { answers, missing: rest === '' ? Math.max(0, missing) : Math.max(1, missing) };
}

/** Whether `text` could go on to be an answer. */
function isBeginning(text: string): boolean {
  if (BEFORE.startsWith(text)) return true;
  const tail = /^\d*(\D.*)?$/s.exec(text.startsWith(BEFORE) ? text.slice(BEFORE.length) : 'x');
  return tail !== null && AFTER.startsWith(tail[1] ?? '');
}
