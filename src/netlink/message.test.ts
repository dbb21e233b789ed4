/** Netlink bytes: what is written is read back, damaged bytes give a fault, and every input ends. netlink(7). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LITTLE_ENDIAN, writeHostU16, writeHostU32 } from '../core/index.ts';
import {
  attributeNumber,
  attributeOf,
  attributeText,
  decodeAck,
  decodeAttributes,
  decodeDone,
  decodeMessages,
  encodeMessage,
  NETLINK_SOCK_DIAG,
  NetlinkWriter,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './message.ts';

const header = { type: 16, flags: 5, sequence: 7, portId: 9 };

describe('messages', () => {
  test.skipIf(!LITTLE_ENDIAN)('a message has the bytes of struct nlmsghdr and is padded to four', () => {
    const bytes = encodeMessage({ ...header, body: Uint8Array.of(1, 2, 3, 4, 5) });
    expect([...bytes]).toEqual([21, 0, 0, 0, 16, 0, 5, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
  });

  test('any messages one after another come back as they were', () => {
    const message = fc.record({
      type: fc.nat(0xffff),
      flags: fc.nat(0xffff),
      sequence: fc.nat(0xffff_ffff),
      portId: fc.nat(0xffff_ffff),
      body: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const decoded = decodeMessages(join(messages.map(encodeMessage)));
        expect(decoded).toEqual({ ok: true, messages });
      }),
    );
  });

  test('every shorter prefix is a fault that says what is missing', () => {
    const whole = encodeMessage({ ...header, body: new Uint8Array(8) });
    for (let length = 1; length < whole.length; length++) {
      expect(decodeMessages(whole.subarray(0, length))).toMatchObject({
        ok: false,
        code: 'TRUNCATED',
        layer: 'netlink',
      });
    }
  });

  test('a length under the header is a fault, not an endless loop', () => {
    const bytes = encodeMessage({ ...header, body: new Uint8Array(0) });
    for (const length of [0, 1, 15]) {
      writeHostU32(bytes, 0, length);
      expect(decodeMessages(bytes)).toMatchObject({ code: 'BAD_LENGTH', field: 'length', need: 16, have: length });
    }
  });
});

describe('attributes', () => {
  test('numbers, texts, bytes and nests come back', () => {
    const body = new NetlinkWriter()
      .zeros(16)
      .attribute(1, 'lo\0')
      .attribute(2, 0xdeadbeef)
      .nest(3, (outer) => outer.nest(4, (inner) => inner.attribute(5, Uint8Array.of(6))))
      .finish();
    expect(body.length % 4).toBe(0);
    const { attributes } = expectOk(decodeAttributes(body, 16));
    expect(attributeText(attributes, 1)).toBe('lo');
    expect(attributeNumber(attributes, 2)).toBe(0xdeadbeef);
    const outer = expectOk(decodeAttributes(attributeOf(attributes, 3)!)).attributes;
    expect(outer[0]).toMatchObject({ type: 4, nested: true });
    const inner = expectOk(decodeAttributes(outer[0]!.value)).attributes;
    expect(attributeNumber(inner, 5)).toBe(6);
    expect(attributeNumber(inner, 77)).toBeUndefined();
  });

  test('any list of attributes comes back', () => {
    const attribute = fc.tuple(fc.nat(0x3fff), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 30 }), (list) => {
        const writer = new NetlinkWriter();
        for (const [type, value] of list) writer.attribute(type, value);
        const { attributes } = expectOk(decodeAttributes(writer.finish()));
        expect(attributes.map((a) => [a.type, a.value])).toEqual(list);
      }),
    );
  });

  test('a length that is too small or too large is a fault', () => {
    const bytes = new NetlinkWriter().attribute(1, 2).finish();
    for (const length of [0, 3]) {
      writeHostU16(bytes, 0, length);
      expect(decodeAttributes(bytes)).toMatchObject({ code: 'BAD_LENGTH', field: 'attributeLength', have: length });
    }
    writeHostU16(bytes, 0, 9);
    expect(decodeAttributes(bytes)).toMatchObject({ code: 'TRUNCATED', need: 9, have: 8 });
    expect(decodeAttributes(bytes, 9)).toMatchObject({ code: 'TRUNCATED', field: 'struct', need: 9, have: 8 });
  });

  test('a value that does not fit 16 bits of length is refused', () => {
    expect(() => new NetlinkWriter().attribute(1, new Uint8Array(65_532))).toThrow(RangeError);
    expect(() => new NetlinkWriter().nest(1, (writer) => writer.zeros(65_532))).toThrow(RangeError);
  });
});

describe('answers', () => {
  const error = (errno: number, flags: number, rest: Uint8Array): Parameters<typeof decodeAck>[0] => {
    const request = encodeMessage({ ...header, type: 20, body: new Uint8Array(0) });
    const number = new NetlinkWriter().u32(-errno >>> 0).finish();
    return { ...header, type: NLMSG_ERROR, flags, body: join([number, request, rest]) };
  };

  test('the error number, the sequence of the request and the sentence of the kernel', () => {
    const said = new NetlinkWriter().attribute(1, 'Device does not exist\0').attribute(2, 24).finish();
    const capped = error(19, NLM_F_CAPPED | NLM_F_ACK_TLVS, said);
    expect(decodeAck(capped)).toEqual({ ok: true, errno: 19, sequence: 7, text: 'Device does not exist', offset: 24 });
    expect(decodeAck(error(1, 0, new Uint8Array(0)))).toEqual({ ok: true, errno: 1, sequence: 7 });
    expect(decodeAck(error(0, NLM_F_CAPPED, new Uint8Array(0)))).toEqual({ ok: true, errno: 0, sequence: 7 });
  });

  test('with the body of the request repeated, the sentence stands behind it', () => {
    const request = encodeMessage({ ...header, body: new Uint8Array(6) });
    const said = new NetlinkWriter().attribute(1, 'no\0').finish();
    const body = join([new NetlinkWriter().u32(-22 >>> 0).finish(), request, said]);
    const message = { ...header, type: NLMSG_ERROR, flags: NLM_F_ACK_TLVS, body };
    expect(decodeAck(message)).toMatchObject({ errno: 22, text: 'no' });
    for (let length = 0; length < body.length; length++) {
      expect(() => decodeAck({ ...message, body: body.subarray(0, length) })).not.toThrow();
    }
  });

  test('the end of a dump tells of its failure', () => {
    const done = { ...header, type: NLMSG_DONE, flags: 2 };
    expect(decodeDone({ ...done, body: new Uint8Array(0) })).toMatchObject({ ok: true, errno: 0 });
    expect(decodeDone({ ...done, body: new Uint8Array(4) })).toMatchObject({ ok: true, errno: 0 });
    expect(decodeDone({ ...done, body: new NetlinkWriter().u32(-95 >>> 0).finish() })).toMatchObject({ errno: 95 });
  });

  test('random bytes end in a result or a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(0xffff), (body, flags) => {
        const message = { ...header, type: NLMSG_ERROR, flags, body };
        for (const result of [decodeAck(message), decodeDone(message), decodeMessages(body), decodeAttributes(body)]) {
          expect(typeof result.ok).toBe('boolean');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('the protocol numbers are those of linux/netlink.h', () => {
  expect(NETLINK_SOCK_DIAG).toBe(4);
});

function expectOk<T extends { ok: boolean }>(value: T): Extract<T, { ok: true }> {
  if (!value.ok) throw new Error(JSON.stringify(value));
  return value as Extract<T, { ok: true }>;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
