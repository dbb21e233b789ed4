/**
 * Where Barewire and CPython see different things in one script, each with its reason. A difference that is not here is
 * a failure, and so is a row that no difference needs any more.
 */
export interface KnownDifference {
  readonly id: RegExp;
  readonly reason: string;
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    id: /^socket\/.*(protocol|domain|type) -1 → /,
    reason: 'CPython takes -1 as "not given" and puts AF_INET, SOCK_STREAM or 0 in its place; here the kernel answers',
  },
  {
    id: /\/dgram\/(a length of 0 asked|peek with a short buffer)/,
    reason: 'CPython answers recv(0) itself, without a system call: the message stays; here the kernel is asked',
  },
];
