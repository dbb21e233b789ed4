/**
 * A link device: whatever takes and gives packets (or frames) one at a time: a TUN device, a packet socket, the end of
 * a simulated wire, a browser's WebSocket. Wrappers (wire, tap, fault injector) go round any device.
 */
export interface LinkDevice {
  readonly name: string;
  /** Largest packet in bytes, without a link header. */
  readonly mtu: number;
  /** pcap link type of the bytes: 101 raw IP, 1 Ethernet. */
  readonly linkType: number;
  /**
   * Send one packet towards the host behind the device.
   * @param bytes borrowed for the time of the call
   * @returns false when the device had no room and the packet is gone, as on a real interface
   */
  send(bytes: Uint8Array): boolean;
  /**
   * Called for every packet that the host behind the device sends. One receiver a device.
   * `bytes` is owned by the receiver: the device never writes to it again.
   */
  onReceive(receiver: (bytes: Uint8Array) => void): void;
  close(): void;
}
