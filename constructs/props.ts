import { Token } from 'cdktf';
import type { IConstruct } from 'constructs';
import { z } from 'zod';
import { ValueError } from '../src/values/value-error';
import { Findings } from './findings';

/**
 * Reads the props of a construct. Whatever is wrong with them is reported, all of it, as findings on the construct;
 * the answer is then undefined, and the construct asks for nothing.
 */
export function readProps<S extends z.ZodType>(
  scope: IConstruct,
  schema: S,
  props: unknown,
): z.output<S> | undefined {
  const result = schema.safeParse(props);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const custom = issue.code === 'custom' ? (issue.params as LeafProblem | undefined) : undefined;
    Findings.of(scope).report({
      rule: 'props/invalid',
      severity: 'error',
      path: scope.node.path,
      what: [
        custom ? `${propName(issue.path)} is ${custom.shown}${because(custom.reason)}` : unreadable(issue),
      ],
      remedy: custom ? `say ${custom.expected}` : 'see the docstring of the props',
    });
  }
  return undefined;
}

interface LeafProblem {
  readonly shown: string;
  readonly expected: string;
  readonly reason: string | undefined;
}

/** A prop read from text by one of the value classes. */
export function value<T>(parse: (text: string) => T, expectedForOthers: string): z.ZodType<T, string> {
  return leaf(expectedForOthers, (input) => {
    if (typeof input !== 'string') throw new ValueError(expectedForOthers, input);
    return parse(input);
  });
}

/** A whole number from `least` to `most`. */
export function integer(what: string, least: number, most: number): z.ZodType<number, number> {
  const expected = `${what} from ${least} to ${most}`;
  return leaf(expected, (input) => {
    if (typeof input === 'number' && Number.isInteger(input) && input >= least && input <= most) return input;
    throw new ValueError(expected, input);
  });
}

/** Text that matches a pattern. */
export function text(expected: string, pattern: RegExp): z.ZodType<string, string> {
  return leaf(expected, (input) => {
    if (typeof input === 'string' && pattern.test(input)) return input;
    throw new ValueError(expected, input);
  });
}

/** An object that is taken as it is: a construct, a value object. */
export function instance<T>(expected: string, is: (input: unknown) => boolean): z.ZodType<T, T> {
  return leaf(expected, (input) => {
    if (is(input)) return input as T;
    throw new ValueError(expected, input);
  });
}

function leaf<T, I>(expected: string, read: (input: unknown) => T): z.ZodType<T, I> {
  return z.unknown().transform((input, context) => {
    const problem = (shown: string, wanted: string, reason?: string): typeof z.NEVER => {
      const params: LeafProblem = { shown, expected: wanted, reason };
      context.addIssue({ code: 'custom', message: wanted, params: { ...params } });
      return z.NEVER;
    };
    if (Token.isUnresolved(input)) {
      return problem(
        'a Terraform reference',
        `${expected}, as a literal: it stands in files that are written at synth, when references have no value yet`,
      );
    }
    try {
      return read(input);
    } catch (error) {
      if (error instanceof ValueError) return problem(show(error.value), error.expected, error.reason);
      throw error;
    }
  }) as unknown as z.ZodType<T, I>;
}

function unreadable(issue: z.core.$ZodIssue): string {
  return `${propName(issue.path)}: ${issue.message.replace(/^Invalid input: /, '')}`;
}

function propName(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'props' : path.map(String).join('.');
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`;
}

function show(input: unknown): string {
  if (input === undefined) return 'missing';
  if (typeof input === 'string') return `'${input}'`;
  if (typeof input === 'object' && input !== null && !Array.isArray(input))
    return `an object (${input.constructor?.name ?? 'Object'})`;
  return JSON.stringify(input) ?? String(input);
}
