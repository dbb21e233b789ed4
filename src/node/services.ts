/**
 * Names of services and their ports: /etc/services where there is one, and a small table of IANA's registry (read
 * 2026-11) where there is none, as in most containers.
 */
import { readFileSync } from 'node:fs';

export type ServiceProtocol = 'tcp' | 'udp';

export interface Service {
  readonly name: string;
  readonly port: number;
  readonly protocol: ServiceProtocol;
  readonly aliases: readonly string[];
}

const BOTH: readonly ServiceProtocol[] = ['tcp', 'udp'];

function builtIn(name: string, port: number, protocols: readonly ServiceProtocol[] = ['tcp']): Service[] {
  return protocols.map((protocol) => ({ name, port, protocol, aliases: [] }));
}

const BUILT_IN: readonly Service[] = [
  ...builtIn('echo', 7, BOTH),
  ...builtIn('discard', 9, BOTH),
  ...builtIn('daytime', 13),
  ...builtIn('chargen', 19, BOTH),
  ...builtIn('ftp-data', 20),
  ...builtIn('ftp', 21),
  ...builtIn('ssh', 22),
  ...builtIn('telnet', 23),
  ...builtIn('smtp', 25),
  ...builtIn('time', 37, BOTH),
  ...builtIn('domain', 53, BOTH),
  ...builtIn('bootps', 67, ['udp']),
  ...builtIn('bootpc', 68, ['udp']),
  ...builtIn('tftp', 69, ['udp']),
  ...builtIn('http', 80),
  ...builtIn('pop3', 110),
  ...builtIn('ntp', 123, ['udp']),
  ...builtIn('imap2', 143),
  ...builtIn('snmp', 161, BOTH),
  ...builtIn('ldap', 389, BOTH),
  ...builtIn('https', 443, BOTH),
  ...builtIn('syslog', 514, ['udp']),
  ...builtIn('imaps', 993),
  ...builtIn('pop3s', 995),
  ...builtIn('mysql', 3306),
  ...builtIn('sip', 5060, BOTH),
  ...builtIn('mdns', 5353, ['udp']),
  ...builtIn('postgresql', 5432),
];

let services: readonly Service[] | undefined;

function all(): readonly Service[] {
  if (services !== undefined) return services;
  let text = '';
  try {
    text = readFileSync('/etc/services', 'utf8');
  } catch {
    // No such file: the built-in names are what there is.
  }
  services = [...parseServices(text), ...BUILT_IN];
  return services;
}

/** The lines of services(5): `name port/protocol aliases…`, comments after `#`; what is none is passed over. */
export function parseServices(text: string): Service[] {
  return text.split('\n').flatMap((line) => {
    const [name, where = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [, port, protocol] = /^(\d{1,5})\/(tcp|udp)$/.exec(where) ?? [];
    if (name === undefined || port === undefined || Number(port) > 65_535) return [];
    return [{ name, port: Number(port), protocol: protocol as ServiceProtocol, aliases }];
  });
}

/** getservbyname(3): undefined for a name that nobody knows. @param protocol either when left out */
export function getservbyname(name: string, protocol?: ServiceProtocol): Service | undefined {
  return all().find(
    (row) => (row.name === name || row.aliases.includes(name)) && (protocol ?? row.protocol) === row.protocol,
  );
}

/** getservbyport(3). @param port in host order, unlike C's */
export function getservbyport(port: number, protocol?: ServiceProtocol): Service | undefined {
  return all().find((row) => row.port === port && (protocol ?? row.protocol) === row.protocol);
}
