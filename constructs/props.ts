import { TerraformStack, Token } from 'cdktf';
import { Construct, type IConstruct } from 'constructs';
import { z } from 'zod';
import { PROPS_RULE, type Finding } from '../src/rules';
import { remembered } from '../src/values/remembered';
import { showValue, ValueError } from '../src/values/value-error';
import { Findings } from './findings';
import { areSourcesWanted, keepSource } from './source-location';

/**
 * Reads the props of a construct. Whatever is wrong with them is reported, all of it, as findings on the construct;
 * the answer is then undefined, and the construct asks for nothing. Schemas are made of the functions below, whose
 * messages are what a person is to write instead.
 */
export function readProps<S extends z.ZodType>(
  scope: IConstruct,
  schema: S,
  props: unknown,
): z.output<S> | undefined {
  const result = compiled(schema).safeParse(props, { reportInput: true });
  const problems = result.success ? ofOtherStacks(scope, result.data) : result.error.issues.map(problem);
  // Every construct comes by here; the frames above are its constructors.
  if (problems.length > 0 || areSourcesWanted()) keepSource(scope);
  for (const found of problems) {
    Findings.of(scope).report({
      rule: PROPS_RULE.id,
      severity: PROPS_RULE.severity,
      path: scope.node.path,
      ...found,
    });
  }
  return problems.length === 0 ? result.data : undefined;
}

/**
 * zod writes a program for a schema, which reads right props in a fraction of the time. Wrong ones are read again by the
 * schema itself, which says what is wrong; so does it where such programs are forbidden.
 */
const compile = remembered((schema: z.ZodType) => z.compile(schema));

function compiled<S extends z.ZodType>(schema: S): S {
  return compile(schema) as S;
}

type Problem = Pick<Finding, 'what' | 'remedy'>;

/** A stack is planned and deployed on its own: a part of another one's host can't be a part of this one's. */
function ofOtherStacks(scope: IConstruct, props: unknown): Problem[] {
  const problems: Problem[] = [];
  const look = (name: string, member: unknown): void => {
    if (!Construct.isConstruct(member)) return;
    const stack = TerraformStack.of(scope);
    const other = TerraformStack.of(member);
    if (other === stack) return;
    problems.push({
      what: [`${name} is ${member.node.path}, of the stack '${other.node.id}'`],
      remedy: `name one of this stack ('${stack.node.id}'), or put all that belong together into one stack`,
    });
  };
  for (const [name, members] of Object.entries((props ?? {}) as Readonly<Record<string, unknown>>)) {
    if (Array.isArray(members)) for (const member of members) look(name, member);
    else look(name, members);
  }
  return problems;
}

/** Props whose name, where none is given, is the construct's id. */
export function withName(props: unknown, id: string): unknown {
  if (typeof props !== 'object' || props === null) return props;
  return { ...props, name: ('name' in props ? props.name : undefined) ?? id };
}

/** Props, or an object among them: these members and no others, so that a misspelt one is found. */
export function object<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const members = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: () => `an object with (some of) ${members}` });
}

export function list<S extends z.ZodType>(expected: string, item: S, least = 0): z.ZodArray<S> {
  return z.array(item, { error: () => expected }).min(least, { error: () => expected });
}

/** Values by key. */
export function record<V extends z.ZodType>(
  expected: string,
  isKey: (key: string) => boolean,
  member: V,
): z.ZodRecord<z.ZodString, V> {
  const key = z.string().refine(isKey, { error: () => expected });
  return z.record(key, member, { error: () => expected });
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
  const expected = `${what} from ${least} to ${most}, as a whole number`;
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

/** The same, or a Terraform reference: for what doesn't stand in a file. */
export function textOrReference(expected: string, pattern: RegExp): z.ZodType<string, string> {
  const literal = text(expected, pattern);
  return z.unknown().transform((input, context) => {
    if (typeof input === 'string' && Token.isUnresolved(input)) return input;
    const result = literal.safeParse(input);
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.addIssue({ ...issue });
    return z.NEVER;
  }) as unknown as z.ZodType<string, string>;
}

/** A member that somebody else reads. */
export function anything(): z.ZodOptional {
  return z.unknown().optional();
}

export function flag(): z.ZodType<boolean, boolean> {
  return instance('true or false', (input) => typeof input === 'boolean');
}

/** A member of an enum, by the enum's name. */
export function choice<T extends string>(
  name: string,
  members: Readonly<Record<string, T>>,
): z.ZodType<T, T> {
  const expected = Object.keys(members)
    .map((member) => `${name}.${member}`)
    .join(' or ');
  return instance(expected, (input) => Object.values<unknown>(members).includes(input));
}

/** An object that is taken as it is: a construct, a value object. */
export function instance<T>(expected: string, is: (input: unknown) => boolean): z.ZodType<T, T> {
  return leaf(expected, (input) => {
    if (is(input)) return input as T;
    throw new ValueError(expected, input);
  });
}

interface LeafProblem {
  readonly shown: string;
  readonly expected: string;
  readonly reason: string | undefined;
}

/** A value that `read` makes; what it throws as ValueError is what is wrong with it. */
export function leaf<T, I>(expected: string, read: (input: unknown) => T): z.ZodType<T, I> {
  // A check that puts another value into the place of the given one; a transform would be a schema of its own behind it.
  return z.unknown().check((context) => {
    const input = context.value;
    const refuse = (params: LeafProblem): void => {
      context.issues.push({ code: 'custom', message: params.expected, params: { ...params }, input });
    };
    if (isReference(input)) {
      refuse({ shown: REFERENCE, expected, reason: undefined });
      return;
    }
    try {
      context.value = read(input);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      refuse({ shown: show(error.value), expected: error.expected, reason: error.reason });
    }
  }) as unknown as z.ZodType<T, I>;
}

/** What is wrong with a prop, and what to write. */
function problem(issue: z.core.$ZodIssue): Problem {
  const name = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => `'${key}'`).join(' and ');
    const where = issue.path.length === 0 ? '' : ` in ${name}`;
    return {
      what: [`${keys}${where}: there is no such prop`],
      remedy: `take it out, or correct it: say ${issue.message}`,
    };
  }
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    const record = issue.path.slice(0, -1).map(String).join('.');
    const expected = issue.issues[0]?.message ?? '';
    return isReference(key)
      ? { what: [`${record} is ${REFERENCE}`], remedy: `say ${expected}${AS_LITERAL}` }
      : { what: [`${record} has the key ${showValue(key)}`], remedy: `say ${expected}` };
  }
  const custom = issue.code === 'custom' ? (issue.params as LeafProblem | undefined) : undefined;
  const { shown, expected, reason } = custom ?? {
    shown: show(issue.input),
    expected: issue.message,
    reason: undefined,
  };
  return {
    what: [
      `${name === '' ? 'the props are' : `${name} is`} ${shown}${reason === undefined ? '' : ` (${reason})`}`,
    ],
    remedy: `say ${expected}${shown === REFERENCE ? AS_LITERAL : ''}`,
  };
}

const REFERENCE = 'a Terraform reference';
const AS_LITERAL =
  ', as a literal: it stands in files that are written at synth, when references have no value yet';

/**
 * Token.isUnresolved knows a whole list or map of Terraform's, but not the one element that cdktf gives it: such an
 * element is text like `#{TfToken[TOKEN.4]}` (of a map: `&{…}`), or a number far below any that a person writes.
 */
function isReference(input: unknown): boolean {
  if (typeof input === 'number') return input < -1e280;
  // Looked for first: most texts are none, and Token asks several times.
  if (typeof input === 'string' && !input.includes('TfToken[')) return false;
  return Token.isUnresolved(input) || (typeof input === 'string' && /[#&]\{TfToken\[/.test(input));
}

function show(input: unknown): string {
  if (input === undefined) return 'missing';
  return isReference(input) ? REFERENCE : showValue(input);
}
