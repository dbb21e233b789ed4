/** Options of DHCP for IPv4: each form read and written, wrong lengths left as bytes, long, joined and overloaded ones; Wireshark reads the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../src/core/index.ts';
import {
  type DhcpOption,
  DhcpOptionCode,
  type DhcpValue,
  decodeDhcpOptions,
  decodeDhcpv4,
  describeDhcpOption,
  dhcpOption,
  dhcpOptionName,
  dhcpOptionValue,
  encodeDhcpOptions,
  encodeDhcpv4,
  joinDhcpOptions,
} from '../../src/wire/index.ts';

const samples: readonly (readonly [name: keyof typeof DhcpOptionCode, hex: string, value: DhcpValue, line: string])[] =
  [
    ['SUBNET_MASK', 'ffffff00', '255.255.255.0', 'subnet-mask 255.255.255.0'],
    ['TIME_OFFSET', 'fffff1f0', -3600, 'time-offset -3600'],
    ['ROUTER', 'c0000201c0000202', ['192.0.2.1', '192.0.2.2'], 'router 192.0.2.1, 192.0.2.2'],
    ['HOST_NAME', '686f7374', 'host', 'host-name "host"'],
    ['IP_FORWARDING', '01', true, 'ip-forwarding true'],
    ['INTERFACE_MTU', '05dc', 1500, 'interface-mtu 1500'],
    ['PATH_MTU_PLATEAUS', '004405dc', [68, 1500], 'path-mtu-plateaus 68, 1500'],
    ['LEASE_TIME', '00000e10', 3600, 'lease-time 3600'],
    ['PARAMETER_LIST', '010306', [1, 3, 6], 'parameter-list 1, 3, 6'],
    ['RAPID_COMMIT', '', true, 'rapid-commit true'],
    ['RELAY_AGENT', '0101aa', [{ code: 1, data: fromHex('aa') }], 'relay-agent 1=0xaa'],
    ['IPV6_ONLY_PREFERRED', '00000708', 1800, 'ipv6-only-preferred 1800'],
    ['CAPTIVE_PORTAL', '68747470733a2f2f61', 'https://a', 'captive-portal "https://a"'],
    ['DOMAIN_SEARCH', '01610162 0001630162 00', ['a.b', 'c.b'], 'domain-search a.b, c.b'],
    // RFC 3442: 0/0, 10/8, 10.17.0/24 and their routers.
    [
      'CLASSLESS_ROUTES',
      '00c0000201 080ac0000202 180a1100c0000203',
      [
        { prefix: '0.0.0.0/0', router: '192.0.2.1' },
        { prefix: '10.0.0.0/8', router: '192.0.2.2' },
        { prefix: '10.17.0.0/24', router: '192.0.2.3' },
      ],
      'classless-routes 0.0.0.0/0 via 192.0.2.1, 10.0.0.0/8 via 192.0.2.2, 10.17.0.0/24 via 192.0.2.3',
    ],
  ];

test.each(samples)('%s %s', (name, hex, value, line) => {
  const option = { code: DhcpOptionCode[name], data: fromHex(hex) };
  expect(dhcpOptionValue(option)).toEqual(value);
  expect(dhcpOption(option.code, value)).toEqual(option);
  expect(describeDhcpOption(option)).toBe(line);
});

test('RFC 3397 §2: names that share an end', () => {
  const data = fromHex('036f6e6507657861 6d706c65036f7267 00 0374776f c004');
  expect(dhcpOptionValue({ code: 119, data })).toEqual(['one.example.org', 'two.example.org']);
});

test.each([
  ['SUBNET_MASK', 'ffffff'],
  ['ROUTER', ''],
  ['IP_FORWARDING', '02'],
  ['HOST_NAME', 'ff'],
  ['CLASSLESS_ROUTES', '2100000000 00000000'],
  ['CLASSLESS_ROUTES', '080ac00002'],
  ['DOMAIN_SEARCH', 'c000'],
  ['RELAY_AGENT', '0102aa'],
  ['STATIC_ROUTES', 'c0000201'],
] as const)('%s %s is not as its RFC says, and stays bytes', (name, hex) => {
  const option = { code: DhcpOptionCode[name], data: fromHex(hex) };
  expect(dhcpOptionValue(option)).toBeUndefined();
  expect(describeDhcpOption(option)).toBe(`${dhcpOptionName(option.code)} 0x${hex.replaceAll(' ', '')}`);
});

test('values of another form are refused by name', () => {
  expect(() => dhcpOption(DhcpOptionCode.LEASE_TIME, 2 ** 32)).toThrow(/value: expected a whole number/);
  expect(() => dhcpOption(DhcpOptionCode.ROUTER, 5)).toThrow(/value: expected a list/);
  expect(() => dhcpOption(DhcpOptionCode.SUBNET_MASK, '1.2.3')).toThrow(/1\.2\.3/);
  expect(() => dhcpOption(DhcpOptionCode.CLASSLESS_ROUTES, [{ prefix: '10.0.0.0/33', router: '10.0.0.1' }])).toThrow(
    /33/,
  );
  expect(() => dhcpOption(200, 5)).toThrow(/code: expected an option with a known form, got 200/);
});

test('any data of any code is bytes, or a value that gives the same data', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 24 }), (code, data) => {
      const value = dhcpOptionValue({ code, data });
      describeDhcpOption({ code, data });
      if (value === undefined) return;
      const again = dhcpOption(code, value);
      // Names that came compressed do not go so.
      if (code === DhcpOptionCode.DOMAIN_SEARCH) expect(dhcpOptionValue(again)).toEqual(value);
      else expect(again.data).toEqual(data);
    }),
    { numRuns: 5000 },
  );
});

test('RFC 3396: data over 255 bytes goes in pieces and is joined again', () => {
  const option: DhcpOption = { code: DhcpOptionCode.CAPTIVE_PORTAL, data: new Uint8Array(600).fill(0x61) };
  const bytes = encodeDhcpOptions([option, dhcpOption(DhcpOptionCode.LEASE_TIME, 1)]);
  const pieces = decodeDhcpOptions(bytes, 0, bytes.length);
  if ('ok' in pieces) throw new Error('not understood');
  expect(pieces.map(({ code, data }) => [code, data.length])).toEqual([
    [114, 255],
    [114, 255],
    [114, 90],
    [51, 4],
  ]);
  expect(joinDhcpOptions(pieces)[0]).toEqual(option);
});

test('RFC 2132 §9.3: options in the room of the boot file and of the server’s name', () => {
  const message = (file: string): ReturnType<typeof decodeDhcpv4> =>
    decodeDhcpv4(
      encodeDhcpv4({
        operation: 2,
        clientHardwareBytes: new Uint8Array(6),
        bootFile: fromHex(file),
        serverName: encodeDhcpOptions([dhcpOption(DhcpOptionCode.DOMAIN_NAME, 'b')]),
        options: [dhcpOption(DhcpOptionCode.OVERLOAD, 3), dhcpOption(DhcpOptionCode.LEASE_TIME, 60)],
      }),
    );
  const whole = message('0c0161 0f0161 ff');
  if (!whole.ok) throw new Error('not understood');
  // RFC 2131 §4.1: the boot file’s first, so its part of the domain’s name too.
  const all = whole.allOptions;
  expect('ok' in all ? all : all.map(describeDhcpOption)).toEqual([
    'overload 3',
    'lease-time 60',
    'host-name "a"',
    'domain-name "ab"',
  ]);
  const cut = message(`0cff${'61'.repeat(126)}`);
  expect(cut.ok && cut.allOptions).toMatchObject({ code: 'TRUNCATED', field: 'options' });
});
