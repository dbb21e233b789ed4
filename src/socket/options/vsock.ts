/** Options of vsock sockets (vsock(7), linux/vm_sockets.h). */
import { AF_VSOCK } from '../constants.ts';
import { type Option, rowsOf } from './row.ts';
import { timeMs, u64 } from './values.ts';

export interface VsockLevel {
  readonly BUFFER_SIZE: Option<bigint>;
  readonly BUFFER_MIN_SIZE: Option<bigint>;
  readonly BUFFER_MAX_SIZE: Option<bigint>;
  readonly CONNECT_TIMEOUT: Option<number>;
  readonly CONNECT_TIMEOUT_OLD: Option<number>;
  readonly CONNECT_TIMEOUT_NEW: Option<number>;
}

const vsock = rowsOf(AF_VSOCK, 'SO_VM_SOCKETS_');

/** Options of vsock sockets; their level is AF_VSOCK. */
export const VSOCK: VsockLevel = {
  BUFFER_SIZE: vsock('BUFFER_SIZE', 0, u64),
  BUFFER_MIN_SIZE: vsock('BUFFER_MIN_SIZE', 1, u64),
  BUFFER_MAX_SIZE: vsock('BUFFER_MAX_SIZE', 2, u64),
  CONNECT_TIMEOUT: vsock('CONNECT_TIMEOUT', 6, timeMs),
  CONNECT_TIMEOUT_OLD: vsock('CONNECT_TIMEOUT_OLD', 6, timeMs, 'rw', 'CONNECT_TIMEOUT'),
  CONNECT_TIMEOUT_NEW: vsock('CONNECT_TIMEOUT_NEW', 8, timeMs),
};
