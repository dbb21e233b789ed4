/** The echo's answers: bytes as the textbook program sends them, and parted again however TCP delivers them. */
import { expect, it } from 'vitest';
import { answerTo, isExit, readAnswers } from './answer.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

it('says how long the message was', () => {
  expect(text(answerTo(2))).toBe('Your data was 2 bytes long');
  expect(isExit(new TextEncoder().encode('exit'))).toBe(true);
  expect(isExit(new TextEncoder().encode('exit\n'))).toBe(false);
  expect(isExit(new Uint8Array(4))).toBe(false);
});

it('waits for every beginning of an answer, and for all of them', () => {
  const whole = text(answerTo(1024)) + text(answerTo(76));
  for (let length = 0; length < whole.length; length++) {
    expect([length, readAnswers(whole.slice(0, length), 1100).missing > 0]).toEqual([length, true]);
  }
  expect(readAnswers(whole, 1100)).toEqual({ answers: [text(answerTo(1024)), text(answerTo(76))], missing: 0 });
});

it('takes what another service says as it is', () => {
  for (const other of ['hello', 'Your data is fine', 'Your data was 2 bytes longer than mine?', '42']) {
    expect(readAnswers(other, 5).missing).toBe(0);
    expect(readAnswers(other, 5).answers.join('')).toBe(other);
  }
});
