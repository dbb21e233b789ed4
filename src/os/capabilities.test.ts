/** What a process may do: read from /proc, and tried. */
import { describe, expect, test } from 'vitest';
import { effectiveCapabilities, LabRefused, readCapabilities, userNamespaceSettings } from './capabilities.ts';

describe('capabilities', () => {
  test('CapEff of /proc/self/status', () => {
    expect(effectiveCapabilities('Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n')).toBe(0x1ffffffffffn);
    expect(effectiveCapabilities('')).toBe(0n);
    expect(effectiveCapabilities('CapEff: none')).toBe(0n);
    const capabilities = readCapabilities();
    expect(capabilities.euid).toBe(process.geteuid?.());
    expect(capabilities.canUnshareNet).toBe(((capabilities.effective >> 21n) & 1n) === 1n);
  });
});

describe('user namespaces', () => {
  const settings = (values: Record<string, string>) => userNamespaceSettings((name) => values[name]);

  test('are allowed where no setting says otherwise, or where there is no such setting', () => {
    expect(settings({}).allowed).toBe(true);
    expect(settings({ 'user.max_user_namespaces': '96365', 'kernel.unprivileged_userns_clone': '1' }).allowed).toBe(
      true,
    );
  });

  test.each([
    ['user.max_user_namespaces', '0'],
    ['kernel.unprivileged_userns_clone', '0'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1'],
  ])('%s = %s forbids them, and the hint names it', (name, value) => {
    const result = settings({ [name]: value });
    expect(result.allowed).toBe(false);
    expect(result.text).toContain(name);
    expect(result.hint).toContain(name);
  });

  test('a refusal says what, why and what to do in one line', () => {
    const refused = new LabRefused('TUN', 'EACCES', 'not open to this user', 'run as root');
    expect(refused.message).toBe('TUN: EACCES: not open to this user; run as root');
  });
});
