/** `barewire chat serve` and `barewire chat join`. */
import { CHAT_PORT } from '../../tools/chat/port.ts';
import { type CommandRow, command } from '../options/command.ts';
import { flag, jsonRow, preset, value, words } from '../options/rows.ts';

const rows = {
  udp: flag('u', 'datagrams instead of connections'),
  ipv4: flag('4', 'IPv4 only'),
  ipv6: flag('6', 'IPv6 only'),
  json: jsonRow,
};
const serveRows = { ...rows, maxClients: value(undefined, words('count'), 'most clients at once; 1000 when not told') };
const joinRows = {
  ...rows,
  name: value('n', words('name'), 'how others see you; your login name when not told'),
  plain: flag(undefined, 'the peer is no chat server: announce nothing, show everything as it comes'),
  listen: flag('d', 'do not read standard input'),
  timeout: preset('w', words('seconds'), '10', 'for connecting; 0 for none'),
  linger: preset('q', words('seconds'), '2', 'after end of input, wait so long for more'),
};

export const chatServe: CommandRow = command({
  name: 'chat serve',
  summary: 'serve a chat over TCP or UDP',
  description: `Serves a chat on 127.0.0.1, port ${CHAT_PORT}, unless told otherwise; 0.0.0.0 or :: is every interface.`,
  arguments: [
    { name: 'address', text: 'where to listen; a number alone is the port', optional: true },
    { name: 'port', text: '0 lets the system choose', optional: true },
  ],
  options: serveRows,
  sections: [],
  run: async ([address, port], flags) => (await import('../chat.ts')).serve(address, port, flags),
});

export const chatJoin: CommandRow = command({
  name: 'chat join',
  summary: 'join a chat, or talk with any program that sends lines',
  description: 'Joins a chat line by line, or talks with any program that sends lines.',
  arguments: [
    { name: 'host', text: 'a name or an address', offers: 'host' },
    { name: 'port', text: `${CHAT_PORT} unless told`, optional: true },
  ],
  options: joinRows,
  sections: [
    {
      title: 'Lines',
      body: `/who lists who is here, /name NAME takes a name, /quit leaves; // begins a line with /.
Input from a pipe is sent line by line; at its end we say so (half-close) and go on
printing until the server closes, or until nothing came for the linger time.
A peer that gives no greeting is taken as plain after 300 ms.`,
    },
  ],
  run: async ([host = '', port], flags) => (await import('../chat.ts')).join(host, port, flags),
});
