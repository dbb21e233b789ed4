/** Who is in the chat and who hears what: the part that is the same over TCP and UDP. */
import { encodeLine } from './lines.ts';
import { cleanName, freeName, notice, OWN_NAME, parseClientLine, SERVER_NAME } from './protocol.ts';

/** How long comings and goings are gathered, so that a hundred that leave at once are one line to everybody. */
const GATHER_MS = 20;

/** One client as the room sees it; the transport makes it and carries it. */
export interface Member {
  /** `127.0.0.1:40312`: its name until it says another. */
  readonly address: string;
  name: string;
  /** Last argument of /name. */
  wanted: string | undefined;
  /** Hears and is heard. */
  joined: boolean;
  /** Send these bytes (shared, not to be changed), or let them wait. */
  deliver(bytes: Uint8Array): void;
  /** The client said goodbye and has its answer: end the connection. */
  depart(): void;
}

export type RoomEvent =
  | { readonly type: 'joined'; readonly name: string; readonly address: string }
  | { readonly type: 'left'; readonly name: string; readonly address: string; readonly reason: LeaveReason }
  | { readonly type: 'renamed'; readonly from: string; readonly to: string; readonly address: string }
  | { readonly type: 'message'; readonly name: string; readonly text: string }
  | { readonly type: 'refused'; readonly name: string; readonly limit_bytes: number };

/** `quit`: said so; `closed`: end of stream; `reset`: broken connection; `slow`: did not read; `silent`: UDP, too long. */
export type LeaveReason = 'quit' | 'closed' | 'reset' | 'slow' | 'silent';

export interface RoomStats {
  readonly present: number;
  readonly peak: number;
  readonly joined: number;
  readonly messages: number;
}

type SetTimer = (ms: number, run: () => void) => () => void;

export class Room {
  readonly #members = new Map<string, Member>();
  readonly #emit: (event: RoomEvent) => void;
  readonly #setTimer: SetTimer;
  #gathered: { kind: 'joined' | 'left'; members: Member[]; names: string[] } | undefined;
  #cancelGather: (() => void) | undefined;
  #joined = 0;
  #messages = 0;
  #peak = 0;

  constructor(setTimer: SetTimer, emit: (event: RoomEvent) => void) {
    this.#setTimer = setTimer;
    this.#emit = emit;
  }

  get names(): string[] {
    return [...this.#members.values()].map((member) => member.name);
  }

  get stats(): RoomStats {
    return { present: this.#members.size, peak: this.#peak, joined: this.#joined, messages: this.#messages };
  }

  /** Take in a member under the name that it has asked for, or its address. */
  enter(member: Member): void {
    if (member.joined) return;
    // Those who left before it came are not its business.
    if (this.#gathered?.kind === 'left') this.#tellGathered();
    member.name = this.#free(cleanName(member.wanted ?? '') ?? member.address);
    member.joined = true;
    this.#members.set(member.name.toLowerCase(), member);
    this.#joined++;
    this.#peak = Math.max(this.#peak, this.#members.size);
    this.#gather('joined', member);
    this.#emit({ type: 'joined', name: member.name, address: member.address });
  }

  /** A line that a client sent. Every line has an answer. */
  line(member: Member, text: string): void {
    const line = parseClientLine(text);
    // Neither makes a member of a stranger.
    if (line.kind === 'alive') this.#answer(member, member.joined ? notice.alive : notice.stranger);
    else if (line.kind === 'quit') this.#quit(member);
    else if (line.kind === 'name') this.#name(member, line.name);
    else {
      this.enter(member);
      if (line.kind === 'who') this.#answer(member, notice.who(this.names));
      else if (line.kind === 'unknown') this.#answer(member, notice.unknown(line.command));
      else {
        // Nothing said is nothing to tell others; the one who pressed return still waits for an answer.
        if (line.text.trim() !== '') this.#say(member, member.name, line.text);
        this.#answer(member, `${OWN_NAME}: ${line.text}`);
      }
    }
  }

  /** A line too long to be passed on. */
  refuse(member: Member, limit: number): void {
    this.enter(member);
    this.#answer(member, notice.tooLong(limit));
    this.#emit({ type: 'refused', name: member.name, limit_bytes: limit });
  }

  remove(member: Member, reason: LeaveReason, why?: string): void {
    if (!member.joined) return;
    member.joined = false;
    this.#members.delete(member.name.toLowerCase());
    this.#emit({ type: 'left', name: member.name, address: member.address, reason });
    if (why === undefined) this.#gather('left', member);
    else this.broadcast(notice.dropped(member.name, why));
  }

  /** What the operator of the server says. */
  say(text: string): void {
    this.#say(undefined, SERVER_NAME, text);
  }

  broadcast(text: string, except?: Member): void {
    this.#tellGathered();
    const bytes = encodeLine(text);
    // A copy: delivering may find that somebody is gone.
    for (const member of [...this.#members.values()]) if (member !== except && member.joined) member.deliver(bytes);
  }

  /** Nothing is gathered from now on. */
  close(): void {
    this.#tellGathered();
  }

  #say(from: Member | undefined, name: string, text: string): void {
    this.#messages++;
    this.#emit({ type: 'message', name, text });
    this.broadcast(`${name}: ${text}`, from);
  }

  #quit(member: Member): void {
    this.#answer(member, notice.bye);
    this.remove(member, 'quit');
    member.depart();
  }

  #name(member: Member, wanted: string): void {
    const clean = cleanName(wanted);
    if (!member.joined) {
      member.wanted = wanted;
      this.enter(member);
      this.#welcome(member);
      // No name at all is a wish too: to be called by the address.
      if (clean === null && wanted !== '') this.#answer(member, notice.badName);
    } else if (clean === null) {
      this.#answer(member, notice.badName);
    } else if (member.wanted === wanted) {
      // A UDP client repeats its name when it has heard no answer.
      this.#welcome(member);
    } else {
      member.wanted = wanted;
      this.#rename(member, clean);
    }
  }

  #rename(member: Member, wanted: string): void {
    const from = member.name;
    this.#members.delete(from.toLowerCase());
    member.name = this.#free(wanted);
    this.#members.set(member.name.toLowerCase(), member);
    this.#answer(member, notice.named(member.name));
    this.#emit({ type: 'renamed', from, to: member.name, address: member.address });
    this.broadcast(notice.renamed(from, member.name), member);
  }

  #welcome(member: Member): void {
    const others = this.names.filter((name) => name !== member.name);
    this.#answer(member, notice.welcome(member.name, others));
  }

  #answer(member: Member, text: string): void {
    member.deliver(encodeLine(text));
  }

  #free(name: string): string {
    return freeName(name, (lower) => this.#members.has(lower));
  }

  #gather(kind: 'joined' | 'left', member: Member): void {
    if (this.#gathered !== undefined && this.#gathered.kind !== kind) this.#tellGathered();
    this.#gathered ??= { kind, members: [], names: [] };
    this.#gathered.members.push(member);
    this.#gathered.names.push(member.name);
    this.#cancelGather ??= this.#setTimer(GATHER_MS, () => this.#tellGathered());
  }

  #tellGathered(): void {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    const gathered = this.#gathered;
    this.#gathered = undefined;
    if (gathered === undefined) return;
    const text = notice[gathered.kind];
    const forOthers = encodeLine(text(gathered.names));
    const inside = new Set(gathered.members);
    for (const member of [...this.#members.values()]) {
      if (!inside.has(member)) {
        member.deliver(forOthers);
        continue;
      }
      // Nobody is told of their own coming: a client that talks in turns would take it for its answer.
      const names = gathered.names.filter((_, i) => gathered.members[i] !== member);
      if (names.length > 0) member.deliver(encodeLine(text(names)));
    }
  }
}
