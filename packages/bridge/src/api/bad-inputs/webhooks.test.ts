import { describe } from "vitest";
import { badInputs } from "../testing/bad-inputs.ts";
import type { Row } from "../testing/bad-inputs.ts";

const { checks, checkNothingHappened } = badInputs();

describe("a webhook", () => {
  const make = (title: string, change: object, error: string): Row => [
    `with ${title}`,
    "POST",
    "/v1/webhooks",
    { json: { event: "temp", url: "https://example.com/in", ...change } },
    400,
    error,
  ];
  const template = "cannot be rendered: a tag is not closed";
  checks([
    make("no event", { event: undefined }, "event is required"),
    make("no address", { url: undefined }, "url is required"),
    make("an address of another scheme", { url: "ftp://example.com" }, "url must begin with https:// or http://"),
    make("no host", { url: "https:///in" }, "url is not a valid URL"),
    make("a template as host", { url: "https://{{host}}/in" }, "url: templates may stand only after the host name"),
    make(
      "a password in the address",
      { url: "https://me:secret@example.com" },
      "url must not hold a user name or password: give them in auth",
    ),
    make("an open tag in the address", { url: "https://example.com/{{x" }, `url ${template}`),
    make("another method", { requestType: "PATCH" }, "requestType must be one of POST, GET, PUT, DELETE"),
    make("json and form", { json: { a: 1 }, form: { b: "2" } }, "json and form exclude each other: give one of them"),
    make("a list as form", { form: ["a"] }, "form must be an object of texts"),
    make("a list in the form", { form: { a: [] } }, "form.a must be a text"),
    make("a text as headers", { headers: "x: y" }, "headers must be an object of texts"),
    make(
      "a blank in a header's name",
      { headers: { "a b": "c" } },
      "headers: a header's name holds letters, digits and dashes",
    ),
    make("two lines in a header", { headers: { a: "b\r\nc: d" } }, "headers.a must be one line"),
    make("a header of the connection", { headers: { Host: "x" } }, "headers.Host is set by the connection itself"),
    make("another one", { headers: { "Keep-Alive": "1" } }, "headers.Keep-Alive is set by the connection itself"),
    [
      "with a body nested ten thousand times",
      "POST",
      "/v1/webhooks",
      {
        raw: `{"event":"t","url":"https://example.com","json":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
        type: "application/json",
      },
      400,
      "json must not be nested deeper than 16",
    ],
    make("a text as auth", { auth: "me" }, "auth must be an object: username, password"),
    make("an empty auth", { auth: {} }, "auth needs a username and a password"),
    make(
      "an open section in the body",
      { body: "{{#a}}" },
      "body cannot be rendered: a section is not closed at character 7",
    ),
    make("an open tag in a query value", { query: { a: "{{" } }, `query.a ${template}`),
    make("a word as flag", { rejectUnauthorized: "no" }, "rejectUnauthorized must be true or false"),
  ]);
});

checkNothingHappened();
