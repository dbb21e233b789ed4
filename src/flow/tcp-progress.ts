/**
 * How far a TCP connection came, in the words of Zeek's conn_state and history, which many read. Of each thing it is
 * remembered that it was seen: a flow costs a number and a short text.
 */
import { TcpFlags } from '../wire/index.ts';

/** Letters of the history; the client's bits are these, the server's six places higher. */
const LETTERS = ['S', 'H', 'A', 'D', 'F', 'R'] as const;
const SEEN_SYN = 1;
const SEEN_SYN_ACK = 2;
const SEEN_ACK = 4;
const SEEN_DATA = 8;
const SEEN_FIN = 16;
const SEEN_RST = 32;
const SERVER_SHIFT = LETTERS.length;

/** How far a TCP connection came, as the capture shows it. */
export class TcpProgress {
  /**
   * What was seen, in order and once each: S SYN, h SYN-ACK, A ACK, D data, F FIN, R RST; large letters from the
   * client, small ones from the server (Zeek's history).
   */
  history = '';
  #seen = 0;

  /** @internal */
  see(flags: number, payloadBytes: number, isFromClient: boolean): void {
    const isAck = (flags & TcpFlags.ACK) !== 0;
    let what = payloadBytes > 0 ? SEEN_DATA : 0;
    if ((flags & (TcpFlags.SYN | TcpFlags.FIN | TcpFlags.RST)) !== 0) {
      if ((flags & TcpFlags.SYN) !== 0) what |= isAck ? SEEN_SYN_ACK : SEEN_SYN;
      if ((flags & TcpFlags.FIN) !== 0) what |= SEEN_FIN;
      if ((flags & TcpFlags.RST) !== 0) what |= SEEN_RST;
    } else if (isAck && payloadBytes === 0) what |= SEEN_ACK;
    const bits = isFromClient ? what : what << SERVER_SHIFT;
    // Nearly always: nothing new.
    if ((bits & ~this.#seen) === 0) return;
    for (const [i, letter] of LETTERS.entries()) {
      const bit = isFromClient ? 1 << i : 1 << (i + SERVER_SHIFT);
      if ((bits & bit & ~this.#seen) !== 0) this.history += isFromClient ? letter : letter.toLowerCase();
    }
    this.#seen |= bits;
  }

  #has(what: number, isServer: boolean): boolean {
    return (this.#seen & (isServer ? what << SERVER_SHIFT : what)) !== 0;
  }

  /** Reset, or closed by both. */
  get isOver(): boolean {
    const isReset = this.#has(SEEN_RST, false) || this.#has(SEEN_RST, true);
    return isReset || (this.#has(SEEN_FIN, false) && this.#has(SEEN_FIN, true));
  }

  /**
   * One word for how it went: S0 a SYN and no answer, S1 established, SF closed by both, REJ refused, S2 and S3 closed
   * by one side only, RSTO and RSTR reset by the client or the server, RSTOS0, SH and SHR half of a handshake, OTH
   * begun before the capture.
   */
  get state(): string {
    const isReset = this.#has(SEEN_RST, false);
    const isRefused = this.#has(SEEN_RST, true);
    const isFinished = this.#has(SEEN_FIN, false);
    const isServerFinished = this.#has(SEEN_FIN, true);
    const isAnswered = this.#has(SEEN_SYN_ACK, true);
    if (!this.#has(SEEN_SYN, false)) return isAnswered && isServerFinished ? 'SHR' : 'OTH';
    if (!isAnswered) {
      if (isRefused) return 'REJ';
      if (isReset) return 'RSTOS0';
      return isFinished ? 'SH' : 'S0';
    }
    if (isReset) return 'RSTO';
    if (isRefused) return 'RSTR';
    if (isFinished) return isServerFinished ? 'SF' : 'S2';
    return isServerFinished ? 'S3' : 'S1';
  }
}
