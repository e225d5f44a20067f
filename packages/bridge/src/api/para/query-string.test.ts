import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseQueryString } from "./query-string.ts";

/** The filter in a few characters. */
function shown(text: string): string {
  const parsed = parseQueryString(text);
  return parsed.kind === "fault" ? `fault: ${parsed.message}` : brief(parsed.filter);
}

const edge = (bound: unknown): string => (typeof bound === "string" ? bound : "*");

type Filter = Extract<ReturnType<typeof parseQueryString>, { kind: "parsed" }>["filter"];

function brief(filter: Filter): string {
  switch (filter.kind) {
    case "all":
    case "none":
      return filter.kind;
    case "equals":
      return `${filter.field}=${JSON.stringify(filter.value)}`;
    case "text":
      return `${filter.field ?? ""}:${filter.text}`;
    case "wildcard":
      return `${filter.field ?? ""}~${filter.pattern}`;
    case "prefix":
      return `${filter.field}^${filter.prefix}`;
    case "exists":
      return `${filter.field}?`;
    case "range": {
      const { field, from, to, includesFrom, includesTo } = filter;
      return `${field}${includesFrom ? "[" : "{"}${edge(from)},${edge(to)}${includesTo ? "]" : "}"}`;
    }
    case "and":
      return `(${filter.of.map(brief).join(" & ")})`;
    case "or":
      return `(${filter.of.map(brief).join(" | ")})`;
    case "not":
      return `!${brief(filter.of)}`;
  }
}

describe("a query string", () => {
  test.each([
    ["", "all"],
    ["  ", "all"],
    ["*", "all"],
    ["*:*", "all"],
    ["boiler", ":boiler"],
    ["boiler room", "(:boiler | :room)"],
    ['"boiler room"', ":boiler room"],
    ["name:boiler", "name:boiler"],
    ["name: boiler", "name:boiler"],
    ['name:"boiler room"', "name:boiler room"],
    ["id:123", 'id="123"'],
    ["properties.serial:AB-12", "properties.serial:AB-12"],
    ["deviceState.fan.speed:3", "deviceState.fan.speed:3"],
    ["temp:-5", "temp:-5"],
    ["at:10:30:00", "at:10:30:00"],
    ["name:*", "name?"],
    ["_exists_:deviceState.fan", "deviceState.fan?"],
    ["name:bo?l*", "name~bo?l*"],
    ["*ler", "~*ler"],
    ["name:\\*", "name:*"],
    ["name:a\\*b*", "name~a\\*b*"],
    ["name:a\\\\b", "name:a\\b"],
    ["na\\ me:x", "na me:x"],
    ["name:\\u00c4pfel", "name:Äpfel"],
    ['name:"a \\"b\\" *"', 'name:a "b" *'],
    ["a AND b", "(:a & :b)"],
    ["a && b", "(:a & :b)"],
    ["a OR b", "(:a | :b)"],
    ["a || b", "(:a | :b)"],
    ["a AND b OR c AND d", "((:a & :b) | (:c & :d))"],
    ["NOT a", "!:a"],
    ["!a", "!:a"],
    ["-a", "!:a"],
    ["a AND NOT b", "(:a & !:b)"],
    ["a OR NOT b", "(:a | !:b)"],
    ["a NOT b", "(:a & !:b)"],
    ["a -b c", "((:a | :c) & !:b)"],
    ["+a b", ":a"],
    ["+a +b -c d", "(:a & :b & !:c)"],
    ["-a -b", "(!:a & !:b)"],
    ["(a OR b) AND c", "((:a | :b) & :c)"],
    ["(a b)AND(c)", "((:a | :b) & :c)"],
    ["tags:(red blue)", "(tags:red | tags:blue)"],
    ["tags:(+red -blue)", "(tags:red & !tags:blue)"],
    ["tags:(red AND name:x)", "(tags:red & name:x)"],
    ["temp:(>=10 AND <20)", "(temp[10,*} & temp{*,20})"],
    ["votes:[1 TO 5]", "votes[1,5]"],
    ["votes:{1 TO 5}", "votes{1,5}"],
    ["votes:[1 TO 5}", "votes[1,5}"],
    ["votes:[* TO -5]", "votes[*,-5]"],
    ['at:["a b" TO *]', "at[a b,*]"],
    ["updated:[2026-01-01T10:00:00Z TO *]", "updated[2026-01-01T10:00:00Z,*]"],
    ["votes:>5", "votes{5,*}"],
    ["votes:>=5", "votes[5,*}"],
    ["votes:<-5", "votes{*,-5}"],
    ["votes:<= 5", "votes{*,5]"],
    ["name:boiler^2 AND (a b)^0.5", "(name:boiler & (:a | :b))"],
    ["ANDROID ORANGE NOTE", "(:ANDROID | :ORANGE | :NOTE)"],
    ["R&D a|b", "(:R&D | :a|b)"],
  ])("%s is understood", (text, filter) => {
    expect(shown(text)).toBe(filter);
  });

  test.each([
    ["a AND", "Something is missing at the end (at character 6)"],
    ["AND a", "'AND' joins nothing (at character 1)"],
    ["a OR OR b", "'OR' joins nothing (at character 6)"],
    ["NOT", "Something is missing at the end (at character 4)"],
    ["name:", "'name' has no value (at character 6)"],
    ["(name:)", "'name' has no value (at character 7)"],
    ["(a", "The parenthesis is not closed (at character 1)"],
    ["a)", "')' has no counterpart before it (at character 2)"],
    ["a]", "A word is missing (at character 2)"],
    ["()", "A word is missing (at character 2)"],
    [":a", "A word is missing (at character 1)"],
    ['name:"a', "The quotation mark is not closed (at character 6)"],
    ["a\\", "The backslash at the end escapes nothing (at character 2)"],
    ["votes:[1 5]", "A range is [from TO to] (at character 7)"],
    ["votes:[1 TO 5", "The range is not closed (at character 7)"],
    ["votes:[1 TO", "Something is missing at the end (at character 12)"],
    ["roam~", "What is only similar is not searched for: use * and ? (at character 5)"],
    ["a^b", "A weight is a number, as in name:boiler^2 (at character 4)"],
    ["/a.*/", "Regular expressions are not searched for: put a text with slashes in quotation marks (at character 1)"],
    [`${"(".repeat(21)}a${")".repeat(21)}`, "Parentheses are more than 20 deep (at character 21)"],
    ["a ".repeat(257), "There are more than 256 clauses (at character 513)"],
    ["a".repeat(5_000), "It has more than 4096 characters"],
    [`${"f".repeat(256)}:a`, "A field's name is too long (at character 1)"],
  ])("%s is refused with the place", (text, message) => {
    expect(shown(text)).toBe(`fault: ${message}`);
  });

  test("of any kind is read or refused, in a time that grows with its length", () => {
    const piece = fc.oneof(
      fc.constantFrom("AND", "OR", "NOT", "(", ")", "[", "]", "{", "}", "TO", '"', "\\", ":", "*", "?", "+", "-", "!"),
      fc.constantFrom("&&", "||", "^", "~", ">", "<", "=", "/", " ", "_exists_:", "name:", "\\u", "\0", "\ud800"),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
        expect(["parsed", "fault"]).toContain(parseQueryString(pieces.join("")).kind);
      }),
      { numRuns: 500 },
    );
  });

  test("what is escaped is found as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), (text) => {
        const escaped = Array.from(text.split(""), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
        const filter = { kind: "text", field: "name", text };
        expect(parseQueryString(`name:${escaped.join("")}`)).toEqual({ kind: "parsed", filter });
        const quoted = text.replaceAll(/["\\]/g, "\\$&");
        expect(parseQueryString(`name:"${quoted}"`)).toEqual({ kind: "parsed", filter });
      }),
    );
  });
});
