/** The Berkeley face: what a program sees, and the driver that stands behind it. */
export * from './batch.ts';
export * from './constants.ts';
export * from './control/index.ts';
export type * from './driver.ts';
export { errnoName, errnoNumber, errnoText } from './errno.ts';
export * from './error.ts';
export { drainErrorQueue, type ErrorOrigin, type QueuedError } from './error-queue.ts';
export * from './explain-errors.ts';
export { DriverHost, type Host } from './host.ts';
export {
  Message,
  type MessageOptions,
  type MessageRoom,
  type OutgoingControl,
  type OutgoingMessage,
  type ReceivedControl,
} from './message.ts';
export * from './observed.ts';
export * from './options/index.ts';
export * from './owned-fd.ts';
export * from './pipe.ts';
export * from './poll.ts';
export * from './relay.ts';
export * from './send-times.ts';
export * from './socket.ts';
export * from './tcp-info.ts';
export type { WaitOptions } from './wait-queue.ts';
export * from './watch-errors.ts';
export * from './zero-copy.ts';
