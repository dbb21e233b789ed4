/** For tests of errors: the error that a call rejects with, and its cause. */
import { expect } from 'vitest';
import { type QueuedError, SocketError } from '../../src/socket/index.ts';

/** The SocketError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<SocketError> {
  const error = await promise.then(
    () => new Error('expected a SocketError'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof SocketError)) throw error;
  return error;
}

export function causeOf(error: SocketError): QueuedError {
  expect(error.cause).toBeTypeOf('object');
  return error.cause as QueuedError;
}
