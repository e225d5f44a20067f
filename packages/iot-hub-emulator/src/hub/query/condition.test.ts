import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HubError } from "../errors.ts";
import { parseCondition, valueAt } from "./condition.ts";
import type { Dialect, Truth, Value } from "./condition.ts";

const CASES = Number(process.env["QUERY_CASES"] ?? 5_000);

const ROW: Value = {
  deviceId: "d1",
  tags: {
    floor: 3,
    name: "Oslo's",
    on: true,
    none: null,
    "a b": 1,
    list: [{ x: 5 }, "s"],
    "3rd": "third",
    deep: { y: -1 },
  },
};

function holds(text: string, row: Value = ROW, dialect: Dialect = "devices"): Truth {
  return parseCondition(text, dialect)(({ segments }) => valueAt(row, segments));
}

test.each<[string, Truth]>([
  ["deviceId = 'd1'", true],
  ['deviceId = "d1"', true],
  ["deviceId <> 'd1'", false],
  ["deviceId != 'd2'", true],
  ["tags.floor >= 3 AND tags.floor < 4", true],
  ["tags.floor = 2 or tags.floor = 3", true],
  ["NOT tags.floor = 3", false],
  ["not not tags.on", true],
  ["tags.on", true],
  ["tags.floor", undefined],
  ["tags.name = 'Oslo\\'s'", true],
  ["tags.name = 'Oslo''s'", true],
  ["tags.name = '\\u004fslo\\'s'", true],
  ["tags.none = null", true],
  ["tags.none != null", false],
  ["tags.missing = null", undefined],
  ["NOT tags.missing = 1", undefined],
  ["tags.missing = 1 OR tags.on", true],
  ["tags.missing = 1 AND tags.floor = 0", false],
  ["tags.missing = 1 AND tags.on", undefined],
  ["tags.floor = '3'", undefined],
  ["tags.floor != '3'", undefined],
  ["tags.deep = tags.deep", undefined],
  ["tags.list = tags.list", undefined],
  ["tags.on > false", true],
  ["tags.floor IN [1, 2, 3]", true],
  ["tags.floor IN []", false],
  ["tags.floor IN ['3', 3]", true],
  ["tags.deep.y in [-1]", true],
  ["deviceId NIN ['d1', 'd2']", false],
  ["deviceId nin ['d2']", true],
  ["tags.missing NIN [1]", undefined],
  ["tags.none IN [null]", true],
  ["tags.floor + 2 * 3 = 9", true],
  ["(tags.floor + 2) * 3 = 15", true],
  ["10 - 3 - 2 = 5", true],
  ["7 % 4 / 2 = 1.5", true],
  ["- tags.floor = -3", true],
  ["- - tags.floor = 3", true],
  ["1 / 0 = 1", undefined],
  ["tags.name + 1 = 2", undefined],
  ["0x10 = 16 AND 1e2 = 100 AND 0.5 = 5e-1", true],
  ["tags.['a b'] = 1", true],
  ["tags['a b'] = 1", true],
  ["tags.[[a b]] = 1", true],
  ["tags.3rd = 'third'", true],
  ["tags.list[0].x = 5", true],
  ["tags.list[1] = 's'", true],
  ["tags.list[2] = 's'", undefined],
  ["tags.list['length'] = 2", undefined],
  ["is_defined(tags.none)", true],
  ["IS_DEFINED(tags.constructor)", false],
  ["is_null(tags.none) and not is_null(tags.missing)", true],
  ["is_number(tags.floor) and is_string(tags.name) and is_bool(tags.on)", true],
  ["is_array(tags.list) and is_object(tags.deep) and not is_object(tags.list)", true],
  ["is_primitive(tags.none) and not is_primitive(tags.missing) and not is_primitive(tags.deep)", true],
  ["abs(-2) = 2 and square(3) = 9 and sqrt(16) = 4 and power(2, 10) = 1024", true],
  ["ceiling(1.2) = 2 and floor(-1.2) = -2 and sign(-9) = -1 and exp(0) = 1", true],
  ["sqrt(-1) = 0", undefined],
  ["concat('a', 'b', 'c') = 'abc' and length('abc') = 3", true],
  ["lower('AbC') = 'abc' and upper('AbC') = 'ABC'", true],
  ["substring('hello', 1, 3) = 'ell' and substring('hello', 2) = 'llo'", true],
  ["substring('hello', -1) = 'o'", undefined],
  ["index_of('hello', 'l') = 2 and index_of('hello', 'x') = -1", true],
  ["starts_with('hello', 'he') and ends_with('hello', 'lo') and contains('hello', 'ell')", true],
  ["startswith(tags.name, 'Os') AND contains(tags.floor, 'x')", undefined],
  ["devices.tags.floor = 3", true],
  ["undefined = undefined", undefined],
  ["true", true],
])("%s is %s", (text, expected) => {
  expect(holds(text)).toBe(expected);
});

test.each([
  ["", "column 1"],
  ["tags.floor = ", "expected a name or a value but found the end at column 14"],
  ["a = 1 b", 'found "b" at column 7'],
  ["a = 1 = 2", 'found "=" at column 7'],
  ["(a = 1", "expected ')' but found the end at column 7"],
  ["a = 'x", "the string has no end at column 5"],
  ["a = '\\q'", "no such escape at column 6"],
  ["a # 1", '"#" is not expected at column 3'],
  ["12ab = 1", "neither a number nor a name at column 1"],
  ["nothing(a)", "there is no function nothing at column 1"],
  ["length(a, b)", "length takes 1 operands, not 2, at column 1"],
  ["as_number(a) = 1", "as_number can be used in routes only at column 1"],
  ["a IN [b]", "expected a constant"],
  ["a IN (1)", "expected '['"],
  ["a.[b] = 1", "expected an index or a name in quotes"],
  ["[[a = 1", "[[ has no ]] at column 1"],
  ["a = 1e999", "the number is too large at column 5"],
  ["a AND", "found the end"],
  ["AND a", 'found "AND" at column 1'],
  [`${"(".repeat(60)}1${")".repeat(60)}`, "nested deeper than 50 levels at column 51"],
  [`a${".b".repeat(40)} = 1`, "the path has too many names at column 1"],
  [`a = '${"x".repeat(8200)}'`, "longer than 8192 characters"],
])("%s is refused with the place and the reason", (text, reason) => {
  expect(() => holds(text)).toThrow(reason);
  expect(() => holds(text)).toThrow(HubError);
});

test("a route asks for properties, body and twin by names the caller resolves", () => {
  const text =
    "level > 5 AND as_number(level) = 6 AND $body.w[0].t = 1 AND {$connectionDeviceId} = 'x' AND $connectionDeviceId = 'd'";
  const condition = parseCondition(text, "routing");
  expect(condition.paths.slice(2)).toEqual([
    { segments: ["$body", "w", 0, "t"], quoted: false },
    { segments: ["$connectionDeviceId"], quoted: true },
    { segments: ["$connectionDeviceId"], quoted: false },
  ]);
  expect(parseCondition("as_number(level) = 6", "routing")(() => "6")).toBe(true);
  expect(parseCondition("as_number(level) = 6", "routing")(() => "")).toBe(undefined);
});

test("a condition tells the only device ids it can hold for", () => {
  const named = (text: string): string[] | undefined => {
    const ids = parseCondition(text, "devices").deviceIds;
    return ids && [...ids];
  };
  expect(named("deviceId = 'a'")).toEqual(["a"]);
  expect(named("tags.x = 1 AND 'a' = DeviceId")).toEqual(["a"]);
  expect(named("(deviceId IN ['a', 'b', 3]) AND tags.x = 1")).toEqual(["a", "b"]);
  expect(named("deviceId = 'a' OR tags.x = 1")).toBe(undefined);
  expect(named("deviceId NIN ['a']")).toBe(undefined);
  expect(named("NOT deviceId = 'a'")).toBe(undefined);
  expect(named("deviceId = tags.x")).toBe(undefined);
});

test("long chains of any operator neither overflow nor take long", () => {
  for (const text of [
    `1 = 1${" and 1=1".repeat(1000)}`,
    `1 = 2${" or 1=1".repeat(1000)}`,
    `0 = 0${"+0".repeat(4000)}`,
    `${"not ".repeat(2000)}true`,
    `0 = ${"-".repeat(8000)}0`,
    `deviceId IN [${"'x',".repeat(2000)}'d1']`,
  ]) {
    expect(holds(text)).toBe(true);
  }
});

test("text cannot be grown without bound", () => {
  const big = "x".repeat(200_000);
  expect(holds("length(concat(tags.a, tags.a)) = 400000", { tags: { a: big } })).toBe(undefined);
});

/** An expression and the same in JavaScript, whose meaning is not ours. */
const arithmetic = fc.letrec<{ number: readonly [string, string]; truth: readonly [string, string] }>((tie) => ({
  number: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.integer({ min: 0, max: 99 }).map((n) => [String(n), String(n)] as const),
    fc
      .tuple(tie("number"), fc.constantFrom("+", "-", "*"), tie("number"))
      .map(([a, op, b]) => [`${a[0]} ${op} ${b[0]}`, `${a[1]} ${op} ${b[1]}`] as const),
    fc
      .tuple(tie("number"), fc.constantFrom("%", "/"), fc.integer({ min: 1, max: 9 }))
      .map(([a, op, b]) => [`${a[0]} ${op} ${b}`, `${a[1]} ${op} ${b}`] as const),
    tie("number").map(([a, b]) => [`(${a})`, `(${b})`] as const),
    tie("number").map(([a, b]) => [`- (${a})`, `- (${b})`] as const),
  ),
  truth: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .tuple(tie("number"), fc.constantFrom("=", "<>", "!=", "<", "<=", ">", ">="), tie("number"))
      .map(([a, op, b]) => [`${a[0]} ${op} ${b[0]}`, `K(${a[1]}, "${op}", ${b[1]})`] as const),
    fc
      .tuple(tie("truth"), fc.constantFrom(["AND", "&&"], ["or", "||"]), tie("truth"))
      .map(([a, [ours, theirs], b]) => [`${a[0]} ${ours} ${b[0]}`, `${a[1]} ${theirs} ${b[1]}`] as const),
    tie("truth").map(([a, b]) => [`NOT (${a})`, `!(${b})`] as const),
  ),
})).truth;

function javaScript(a: number, operator: string, b: number): boolean {
  if (operator === "=") return a === b;
  if (operator === "<>" || operator === "!=") return a !== b;
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

test("precedence and meaning are those of JavaScript", { timeout: 600_000 }, () => {
  const context = createContext({ K: javaScript });
  fc.assert(
    fc.property(arithmetic, ([ours, theirs]) => {
      fc.pre(ours.length < 2000);
      const expected: unknown = runInContext(theirs, context);
      expect(holds(ours)).toBe(expected);
    }),
    { numRuns: Math.min(CASES, 200_000) },
  );
});

test(
  "whatever is written is a condition or an ArgumentInvalid with a column, and evaluates without a throw",
  { timeout: 600_000 },
  () => {
    const word = fc.constantFrom(
      ..."a tags.x $body.y[0] [[c]] {d} ( ) [ ] , . - + * / % = != <> < <= > >= AND or NOT in NIN IS_DEFINED( lower( concat( power( 1 0.5 1e9 'x' \"y\" '\\'' null true undefined select from".split(
        " ",
      ),
    );
    const text = fc.oneof(
      fc.array(word, { maxLength: 24 }).map((words) => words.join(" ")),
      fc.array(word, { maxLength: 24 }).map((words) => words.join("")),
      fc.string({ unit: "binary", maxLength: 40 }),
    );
    fc.assert(
      fc.property(
        text,
        fc.constantFrom<Dialect>("devices", "modules", "jobs", "routing"),
        fc.jsonValue(),
        (source, dialect, value) => {
          let outcome: unknown;
          try {
            outcome = parseCondition(source, dialect)(() => value as Value);
          } catch (error) {
            const refused = error instanceof HubError && error.errorName === "ArgumentInvalid";
            outcome = refused && / at column \d+\.$/.test(error.message) ? false : error;
          }
          expect([true, false, undefined]).toContain(outcome);
        },
      ),
      { numRuns: CASES },
    );
  },
);
