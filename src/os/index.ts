/** This machine's kernel and what stands around its sockets: namespaces, netlink, devices, the lab's two hosts. */
export * from './capabilities.ts';
export { CaptureFileCursor } from './capture/file-cursor.ts';
export { type CaptureFileOptions, readCaptureFile } from './capture/file-reader.ts';
export {
  CaptureFileWriter,
  type CaptureFileWriterOptions,
  type WrittenPacket,
  type WrittenStatistics,
} from './capture/file-writer.ts';
export { Injector, type InjectorOptions, openInjector } from './capture/inject.ts';
export {
  Capture,
  type CaptureOptions,
  type FanoutOptions,
  MAX_SNAP_LENGTH,
  openCapture,
} from './capture/open.ts';
export { kernel } from './kernel.ts';
export { type LabHost, type LabHosts, type LabHostsOptions, makeLabHosts, type WireTier } from './lab-hosts.ts';
export { NativeMissingError } from './load.ts';
export { type NamespaceOptions, NetworkNamespace } from './namespace.ts';
export { TunDevice } from './tun.ts';
