/** `barewire echo serve` and `barewire echo send`. */
import { ECHO_TCP_PORT, ECHO_UDP_PORT } from '../../tools/echo/answer.ts';
import { type CommandRow, command } from '../options/command.ts';
import { flag, jsonRow, preset, words } from '../options/rows.ts';

const rows = {
  udp: flag('u', 'datagrams instead of connections'),
  ipv4: flag('4', 'IPv4 only'),
  ipv6: flag('6', 'IPv6 only'),
  json: jsonRow,
};

export const echoServe: CommandRow = command({
  name: 'echo serve',
  summary: 'answer each message with its length',
  description: `Listens on 127.0.0.1, port ${ECHO_TCP_PORT} (UDP ${ECHO_UDP_PORT}), unless told otherwise, and answers each message with how long it was.`,
  arguments: [
    { name: 'address', text: 'where to listen; a number alone is the port', optional: true },
    { name: 'port', text: '0 lets the system choose', optional: true },
  ],
  options: rows,
  sections: [],
  run: async ([address, port], flags) => (await import('../echo.ts')).serve(address, port, flags),
});

export const echoSend: CommandRow = command({
  name: 'echo send',
  summary: 'send each line of standard input and print the answer',
  description:
    'Sends each line of standard input to an echo server and prints the answer. The line "exit" or the end of input ends it.',
  arguments: [
    { name: 'host', text: 'a name or an address', offers: 'host' },
    { name: 'port', text: `${ECHO_TCP_PORT} unless told, UDP ${ECHO_UDP_PORT}`, optional: true },
  ],
  options: {
    ...rows,
    timeout: preset('w', words('seconds'), '5', 'for connecting and for each answer; 0 for none'),
  },
  sections: [],
  run: async ([host = '', port], flags) => (await import('../echo.ts')).send(host, port, flags),
});
