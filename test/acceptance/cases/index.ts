/** Every case, tool by tool. */
import type { Case } from '../case.ts';
import { sniffCases } from './sniff.ts';

export const CASES: readonly Case[] = [...sniffCases];
