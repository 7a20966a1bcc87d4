/** What a test runner found, read from its own report. */
import { relative } from 'node:path';
import { z } from 'zod';

export interface Result {
  readonly passed: number;
  /** The names of the tests. */
  readonly failed: readonly string[];
  /** Likewise, each with its reason. */
  readonly skipped: readonly string[];
}

export const emptyResult = (): Result => ({ passed: 0, failed: [], skipped: [] });

export function sumLine({ passed, failed, skipped }: Result): string {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
}

const JestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

export function readJest(text: string): Result {
  const passed: string[] = [];
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const file of JestReport.parse(JSON.parse(text)).testResults) {
    const path = relative(process.cwd(), file.name);
    const failures = failed.length;
    for (const { fullName, status } of file.assertionResults) {
      if (status === 'passed') passed.push(fullName);
      else if (status === 'failed') failed.push(`${path}: ${fullName}`);
      else skipped.push(`${path}: ${fullName}`);
    }
    // A file that doesn't load, or whose afterAll throws, has failed though none of its tests has.
    if (file.status === 'failed' && failed.length === failures) {
      failed.push(`${path}: ${file.message.trim().split('\n')[0] ?? ''}`);
    }
  }
  return { passed: passed.length, failed, skipped };
}

const UnittestReport = z.object({
  passed: z.number(),
  failed: z.array(z.string()),
  skipped: z.array(z.string()),
});

export function readUnittest(text: string): Result {
  return UnittestReport.parse(JSON.parse(text));
}
