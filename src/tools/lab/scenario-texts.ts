/** What each scenario of the lab shows, for those who only want to tell it; scenarios.ts plays them. */

export const SCENARIO_TEXTS = {
  handshake: 'a line each way over TCP, closed by the client',
  refused: 'nobody listens: the SYN is answered with a RST',
  'close-3': 'the server closes at once: FIN, FIN-ACK, ACK',
  'close-4': 'the server closes later: its ACK and its FIN are two segments',
  'lost-syn': 'the wire loses the first SYN; the kernel sends it again after a second',
  'half-close': 'shutdown(SHUT_WR): the client has finished, the server still sends',
  udp: 'datagrams there and back, no connection',
  'rst-on-unread': 'close with unread data: the peer gets a RST instead of a FIN',
} as const;

export type ScenarioId = keyof typeof SCENARIO_TEXTS;

export const DEFAULT_SCENARIO: ScenarioId = 'handshake';
