/**
 * Cases that fail today, each with what is wrong in the library. They are run and counted, and fail nobody's build; when
 * one passes, `npm run conformance` says that its row can go.
 */
export interface KnownFailure {
  readonly id: RegExp;
  readonly reason: string;
}

export const knownFailures: readonly KnownFailure[] = [];
