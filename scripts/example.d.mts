/** Types of example.mjs for the tests that use it. */
export function lessonNames(): string[];
export function bundleLessons(names: readonly string[], outdir?: string): Promise<string>;
