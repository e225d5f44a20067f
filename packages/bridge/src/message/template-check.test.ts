import { expect, test } from "vitest";
import { mustacheFault, templateFault } from "./template-check.ts";

const GOOD: readonly (string | object)[] = [
  { a: "{{x}}", b: [1, { c: "{{#s}}{{.}}{{/s}}" }] },
  '{"t":{{t}}}',
  "{{{PARTICLE_EVENT_VALUE}}}",
  '{"l":[{{#list}}{{.}},{{/list}}0]}',
  '{"x":{{#a}}"p"{{/a}}{{^a}}"q"{{/a}}}',
  '{"x":{{#a}}"p"{{/a}}{{#b}}"q"{{/b}}}',
  "{{{name}}}",
  "{ {{name}}: 1 }",
  "{{=<% %>=}}[<% t %>]",
  // Six sections are too many to try them all.
  "{{#a}}{{/a}}{{#b}}{{/b}}{{#c}}{{/c}}{{#d}}{{/d}}{{#e}}{{/e}}{{#f}}{{/f}}no JSON",
];

test.each(GOOD)("%j can be rendered", (template) => expect(templateFault(template)).toBe(null));

const BAD: readonly (readonly [string | object, readonly string[], string])[] = [
  ["{{PARTICLE_EVENT_VALUE", [], "a tag is not closed"],
  ['{"a":"{{#x}}"}', [], "a section is not closed at character 15"],
  ["{{/x}}", [], "a section that is not open is closed at character 1"],
  [{ a: { b: ["ok", "{{#x}}{{/y}}"] } }, ["a", "b", "1"], "a section is not closed at character 7"],
  [{ a: "x {{> other}}" }, ["a"], "a partial at character 3: templates cannot include others"],
  ['{"a":}', [], "it gives no JSON, whatever the event: at character 6"],
  ['{"a":{{x}},}', [], "it gives no JSON, whatever the event: at character 12"],
  ['{"a":{{x}}', [], "it gives no JSON, whatever the event: it ends too early"],
  ["temperature {{x}}", [], "it gives no JSON, whatever the event: at character 1"],
  ["{'a':1}", [], "it gives no JSON, whatever the event: at character 2"],
];

test.each(BAD)("%j cannot, and the place is told", (template, path, reason) => {
  expect(templateFault(template)).toEqual({ path, reason });
});

test("a plain text need not give JSON", () => {
  expect(mustacheFault("temperature {{x}}")).toBe(null);
  expect(mustacheFault("{{x")).toBe("a tag is not closed");
});
