import fc from "fast-check";
import { expect, test } from "vitest";
import { templateVariables } from "./template-variables.ts";
import { Templates } from "./template.ts";
import { anEvent } from "../delivery/testing/examples.ts";

const templates = new Templates();

function render(template: string | object, data = "21.5"): unknown {
  return JSON.parse(text(template, data));
}

function text(template: string | object, data: string): string {
  return templates.json(template, templateVariables(anEvent({ data }), null));
}

/** All names in a JSON value, with their places. */
function names(value: unknown, path = ""): string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => [`${path}/${key}`, ...names(item, `${path}/${key}`)]);
}

test("every variable of the device cloud has its value", () => {
  const event = anEvent({ data: '{"a":1}', productId: 42, firmwareVersion: 3 });
  const all = [
    ["PARTICLE_DEVICE_ID", event.deviceId],
    ["PARTICLE_EVENT_NAME", event.name],
    ["PARTICLE_EVENT_VALUE", '{"a":1}'],
    ["PARTICLE_EVENT_ID", event.id],
    ["PARTICLE_EVENT_JSON", '{"a":1}'],
    ["PARTICLE_EVENT_BASE64", "eyJhIjoxfQ=="],
    ["PARTICLE_PUBLISHED_AT", "2025-10-14T12:00:00.000Z"],
    ["PRODUCT_ID", "42"],
    ["PRODUCT_USER_ID", "owner"],
    ["PRODUCT_VERSION", "3"],
    ["SPARK_CORE_ID", event.deviceId],
    ["SPARK_EVENT_NAME", event.name],
    ["SPARK_EVENT_VALUE", '{"a":1}'],
    ["SPARK_PUBLISHED_AT", "2025-10-14T12:00:00.000Z"],
  ] as const;
  const template = Object.fromEntries(all.map(([name]) => [name, `{{${name}}}`]));
  expect(JSON.parse(templates.json(template, templateVariables(event, "owner")))).toEqual(Object.fromEntries(all));
});

test("an object template keeps what is no text as it is", () => {
  expect(render({ a: [1, true, null, { b: "{{PARTICLE_EVENT_VALUE}}" }] })).toEqual({
    a: [1, true, null, { b: "21.5" }],
  });
});

test("names of JSON data are variables: nested ones with dots, list items by number", () => {
  const data = '{"a":{"b":"deep"},"list":[{"key":"first"},{"key":"second"}],"n":5}';
  expect(render({ x: "{{a.b}} {{list.0.key}} {{list.1.key}} {{n}}" }, data)).toEqual({ x: "deep first second 5" });
});

test("a cloud variable wins over a name in the data", () => {
  expect(render({ x: "{{PARTICLE_DEVICE_ID}}" }, '{"PARTICLE_DEVICE_ID":"forged"}')).toEqual({
    x: "0123456789abcdef01234567",
  });
});

test("a text template takes numbers, lists and objects unquoted", () => {
  const data = '{"t":21.5,"ok":true,"o":{"p":[1,2]},"none":null}';
  expect(render('{"t":{{t}},"ok":{{ok}},"o":{{{o}}},"none":{{none}}}', data)).toEqual({
    t: 21.5,
    ok: true,
    o: { p: [1, 2] },
    none: null,
  });
});

test("data that are JSON can be the whole body or a part of it", () => {
  expect(render("{{{PARTICLE_EVENT_VALUE}}}", '{"a":[1]}')).toEqual({ a: [1] });
  expect(render('{"d":{{{PARTICLE_EVENT_JSON}}}}', "plain text")).toEqual({ d: "plain text" });
});

test("a number outside of quotes keeps all its digits", () => {
  expect(text('{"n":{{PARTICLE_EVENT_VALUE}}}', "12345678901234567890.10")).toBe('{"n":12345678901234567890.10}');
});

test("text inside of quotes is escaped, with two braces and with three", () => {
  const data = 'a "quote", a \\ and a\nline';
  expect(render('{"two":"{{PARTICLE_EVENT_VALUE}}","three":"{{{PARTICLE_EVENT_VALUE}}}"}', data)).toEqual({
    two: data,
    three: data,
  });
});

test("HTML is left as it is", () => {
  expect(render({ x: "{{PARTICLE_EVENT_VALUE}}" }, `<a href='x'>&</a>`)).toEqual({ x: `<a href='x'>&</a>` });
});

test("sections repeat, test and invert", () => {
  const data = '{"list":[1,2],"yes":true,"no":false,"empty":[]}';
  const template = '{"l":[{{#list}}{{.}},{{/list}}0],"y":"{{#yes}}y{{/yes}}{{^no}}n{{/no}}{{^empty}}e{{/empty}}"}';
  expect(render(template, data)).toEqual({ l: [1, 2, 0], y: "yne" });
});

test("names of prototypes find nothing", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "constructor.name", "list.map"]) {
    expect(render({ x: `<{{${name}}}>` }, '{"list":[1]}')).toEqual({ x: "<>" });
  }
});

test("hostile names in data change no prototype and are plain values", () => {
  const data = '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}';
  expect(render({ x: "{{polluted}}" }, data)).toEqual({ x: "" });
  expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
});

test("partials render to nothing", () => {
  expect(render({ x: "a{{> file}}b" })).toEqual({ x: "ab" });
});

test("a sandbox event tells no user", () => {
  expect(render({ u: "<{{PRODUCT_USER_ID}}>" })).toEqual({ u: "<>" });
});

test("a rendering that is no JSON is told by its place in the template, and never by the data", () => {
  const secret = '{"n":"12 secret","s":[]}';
  expect(() => render('{"a":{{PARTICLE_EVENT_NAME}},}', secret)).toThrow(/not valid JSON: at character 30\.$/);
  expect(() => render('{"a":{{missing}}}', secret)).toThrow(/: at character 17\.$/);
  expect(() => render('{"a":1{{n}}}', secret)).toThrow(/: with the value of \{\{n\}\} at character 7\.$/);
  expect(() => render('{"a":[1,2{{#s}}]{{/s}}', secret)).toThrow(/: it ends too early\.$/);
});

test("a template that does not give JSON is refused with the reason", () => {
  for (const template of ['{"a":}', '{"a":{{missing}}}', "plain {{PARTICLE_EVENT_VALUE}}", ""]) {
    expect(() => render(template)).toThrow("not valid JSON");
  }
  expect(() => render('{"a":"{{#list}}"}')).toThrow(/Unclosed section/);
});

test("a rendered template has at most 256 KB, counted in bytes", () => {
  const list = JSON.stringify({ l: Array.from({ length: 400 }, () => "ü".repeat(1)) });
  expect(() => render({ x: `{{#l}}${"x".repeat(700)}{{/l}}` }, list)).toThrow("larger than 256 KB");
  expect(() => render({ x: `{{#l}}${"ü".repeat(400)}{{/l}}` }, list)).toThrow("larger than 256 KB");
});

test("sections that multiply are stopped early", () => {
  const list = JSON.stringify({ l: Array.from({ length: 400 }, () => 1) });
  const nested = `${"{{#l}}".repeat(8)}${"{{/l}}".repeat(8)}`;
  expect(() => render({ x: nested }, list)).toThrow("too many steps");
});

const TEXTS = [
  '{"a":"{{v}}","b":"{{{v}}}","c":{{v}},"d":{{{v}}},"e":"x"}',
  '{"a":"{{PARTICLE_EVENT_VALUE}}","b":{{{PARTICLE_EVENT_VALUE}}},"c":[{{PARTICLE_EVENT_VALUE}}]}',
  '{"a":"\\"{{v}}\\\\","b":"{{^v}}none{{/v}}{{#v}}{{.}}{{/v}}"}',
];

test("for any text, a template's names are the template's own", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom('","z":"', '"},"z":{"', "\\", '\\"', "}", '1,"z":2', "{{v}}", "\u2028", '"', "\ud800"),
    fc
      .array(fc.constantFrom('"', "\\", "{", "}", ",", ":", "z", "{{", "}}", "\n"), { maxLength: 12 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(hostile, fc.constantFrom(...TEXTS), (text, template) => {
      // A JSON value of its own stands in its place whole; below it are names of its own.
      const v = isJson(text) ? `${text}!` : text;
      const event = anEvent({ data: template.includes("{{v}}") ? JSON.stringify({ v }) : v });
      const plain = anEvent({ data: template.includes("{{v}}") ? '{"v":"x"}' : "x" });
      const [rendered, expected] = [event, plain].map(
        (one) => JSON.parse(templates.json(template, templateVariables(one, null))) as unknown,
      );
      expect(names(rendered)).toEqual(names(expected));
    }),
    { numRuns: 500 },
  );
});

test("for any data, the names in a message are those of its template", () => {
  const name = fc.constantFrom("a", "b", "list", "a.b", "list.0", "PARTICLE_EVENT_VALUE", "missing");
  const piece = fc.oneof(
    fc.constantFrom("x", " ", "\\", "ü", ":"),
    name.map((of) => `{{${of}}}`),
    name.map((of) => `{{{${of}}}}`),
    name.map((of) => `{{#${of}}}{{.}}{{/${of}}}`),
    name.map((of) => `{{^${of}}}none{{/${of}}}`),
  );
  const leaf = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
  const { template } = fc.letrec<{ template: object; value: unknown }>((tie) => ({
    value: fc.oneof({ depthSize: "small" }, leaf, fc.integer(), fc.constant(null), tie("template")),
    template: fc.dictionary(fc.constantFrom("k", "l", 'q"', "{"), tie("value"), { maxKeys: 3 }),
  }));
  const data = fc.dictionary(fc.constantFrom("a", "b", "list", "__proto__", "toString"), fc.jsonValue());
  fc.assert(
    fc.property(template, data, (one, values) => {
      expect(names(render(one, JSON.stringify(values)))).toEqual(names(one));
      expect(names(render(JSON.stringify(one), JSON.stringify(values)))).toEqual(names(one));
    }),
    { numRuns: 500 },
  );
});

test("any JSON value outside of quotes arrives as it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (v) => {
      fc.pre(v !== undefined);
      expect(render('{"v":{{v}},"end":1}', JSON.stringify({ v: typeof v === "string" ? `${v}!` : v }))).toEqual(
        JSON.parse(JSON.stringify({ v: typeof v === "string" ? `${v}!` : v, end: 1 })),
      );
    }),
    { numRuns: 300 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
