/** When a packet was seen, in tcpdump's forms. */

export const TIME_FORMS = ['time', 'none', 'epoch', 'delta', 'date', 'since'] as const;
/** `-t` none, `-tt` epoch, `-ttt` delta to the packet before, `-tttt` date, `-ttttt` since the first. */
export type TimeForm = (typeof TIME_FORMS)[number];

const NS_PER_SECOND = 1_000_000_000n;

export class PacketTimes {
  readonly #form: TimeForm;
  readonly #digits: number;
  #first: bigint | undefined;
  #last: bigint | undefined;

  /** @param nanoseconds show nine digits instead of six */
  constructor(form: TimeForm, nanoseconds: boolean) {
    this.#form = form;
    this.#digits = nanoseconds ? 9 : 6;
  }

  /** The text before a packet's line, with a space behind it where there is one. */
  next(t: bigint | null): string {
    if (this.#form === 'none') return '';
    if (t === null) return 'no-time ';
    this.#first ??= t;
    const before = this.#form === 'since' ? this.#first : (this.#last ?? t);
    this.#last = t;
    switch (this.#form) {
      case 'epoch':
        return `${t / NS_PER_SECOND}.${this.#fraction(t)} `;
      case 'delta':
      case 'since':
        return `${this.#difference(this.#shown(t) - this.#shown(before))} `;
      case 'date':
        return `${localDate(t)} ${localTime(t)}.${this.#fraction(t)} `;
      default:
        return `${localTime(t)}.${this.#fraction(t)} `;
    }
  }

  /** Without the digits that are not shown: differences are those of the stamps that people see. */
  #shown(t: bigint): bigint {
    return t - (t % 10n ** BigInt(9 - this.#digits));
  }

  #fraction(t: bigint): string {
    return String(t % NS_PER_SECOND)
      .padStart(9, '0')
      .slice(0, this.#digits);
  }

  /** As tcpdump: a column for the sign, since a packet may have an earlier stamp than the one before it. */
  #difference(ns: bigint): string {
    const size = ns < 0n ? -ns : ns;
    const seconds = Number(size / NS_PER_SECOND);
    const text = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
    return `${ns < 0n ? '-' : ' '}${text}.${this.#fraction(size)}`;
  }
}

/** RFC 3339 in UTC, with nanoseconds. */
export function isoTime(t: bigint): string {
  const seconds = new Date(Number(t / NS_PER_SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(t % NS_PER_SECOND).padStart(9, '0')}Z`;
}

const two = (value: number): string => String(value).padStart(2, '0');

const dateOf = (t: bigint): Date => new Date(Number(t / 1_000_000n));

function localTime(t: bigint): string {
  const date = dateOf(t);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

function localDate(t: bigint): string {
  const date = dateOf(t);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
