/**
 * Cases that fail today, each with what is wrong in the library. They are run and counted, and fail nobody's build; when
 * one passes, `npm run conformance` says that its row can go.
 */
export interface KnownFailure {
  readonly id: RegExp;
  readonly reason: string;
}

export const knownFailures: readonly KnownFailure[] = [
  {
    id: /^inet6?\/stream\/connect\/(twice → EISCONN|again after a refusal)/,
    reason:
      'connect() and connectSync() finish by SO_ERROR and getpeername and never call connect(2) again, which leaves the ' +
      "kernel's socket 'connecting': the next connect says ok where it should say EISCONN, or ECONNABORTED after a refusal",
  },
];
