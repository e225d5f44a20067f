/** What a hostile or hasty client may send, with the exact answer. Events are judged by the real rules of acceptance. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAccept } from "../ingest/accept.ts";
import { hubSettings } from "./testing/integration-samples.ts";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const MINE = "0123456789abcdef01234567";
const MY_SECOND = "0123456789abcdef01234568";
const THEIRS = "ffffffffffffffffffffffff";
const NOBODYS = "aaaaaaaaaaaaaaaaaaaaaaaa";
const KEY = Buffer.alloc(32, 7).toString("base64");
const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "my-hub", policy_name: "p", policy_key: KEY };
const UNSUPPORTED_TYPE = "Unsupported content type: send application/json or application/x-www-form-urlencoded";
const PERCENT = "In a form a percent sign is written %25";
const UNKNOWN_DEVICE = {
  ok: false,
  error: "Permission Denied",
  info: "I didn't recognize that device name or ID, or it is not yours",
};
const NOT_CONNECTED = {
  ok: false,
  error: "The device is not connected",
  code: "device_not_connected",
  next_step: "A signal needs the device's MQTT connection, and that it subscribes to its commands.",
};
const SIGN_IN = "grant_type=password&client_id=particle&client_secret=particle&username=ada&password=open%20sesame";

type Method = "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS";
type Expected = string | Record<string, unknown>;
/** A text as expectation stands for `{ ok: false, error: text }`. */
type Row = readonly [title: string, method: Method, path: string, sent: Sent, status: number, expected: Expected];
interface Sent {
  readonly json?: unknown;
  readonly form?: string;
  readonly raw?: string | Buffer;
  readonly type?: string;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

let api: TestApi;
let token: string;
let integration: string;
let stored = 0;

beforeAll(async () => {
  const log = {
    append: async () => ((stored += 1), []),
    appendOnce: async () => ((stored += 1), { deliveries: [] }),
  };
  const accept = createAccept({ log, matcher: { match: () => [] } as never, onAccepted: () => undefined });
  api = createTestApi({ accept });
  const ada = await api.account("ada");
  const eve = await api.account("eve");
  token = ada.token;
  await api.directory.claimDevice(ada.id, MINE);
  await api.directory.claimDevice(ada.id, MY_SECOND);
  await api.directory.updateDevice(MY_SECOND, { name: "attic" });
  await api.directory.claimDevice(eve.id, THEIRS);
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  const { id } = (await api.directory.createProduct(product))!;
  await api.directory.addToProduct(id, [MINE]);
  const scope = { kind: "sandbox", accountId: ada.id } as const;
  ({ id: integration } = await api.directory.createIntegration(hubSettings(scope)));
  await api.app.ready();
});

afterAll(() => api.app.close());

function checks(rows: readonly Row[]): void {
  test.each(rows)("%s", async (_title, method, path, sent, status, expected) => {
    const { payload, type } = payloadOf(sent);
    const answer = await api.app.inject({
      method,
      url: path.replace(":integration", integration),
      headers: {
        ...(sent.token !== null && { authorization: `Bearer ${sent.token ?? token}` }),
        ...(type !== undefined && { "content-type": type }),
        ...sent.headers,
      },
      ...(payload !== undefined && { payload }),
    });
    const body = typeof expected === "string" ? { ok: false, error: expected } : expected;
    expect({ status: answer.statusCode, body: answer.json<unknown>() }).toEqual({ status, body });
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  });
}

function payloadOf({ json, form, raw, type }: Sent): { payload?: string | Buffer; type?: string } {
  if (json !== undefined) return { payload: JSON.stringify(json), type: type ?? "application/json" };
  if (form !== undefined) return { payload: form, type: type ?? "application/x-www-form-urlencoded" };
  return { ...(raw !== undefined && { payload: raw }), ...(type !== undefined && { type }) };
}

const oauth = (error: string, error_description: string): Expected => ({ error, error_description });

describe("an event", () => {
  const to = "/v1/devices/events";
  const event = (title: string, json: unknown, expected: Expected, status = 400): Row => [
    `with ${title}`,
    "POST",
    to,
    { json },
    status,
    expected,
  ];
  const body = (title: string, raw: string | Buffer, expected: Expected, type = "application/json"): Row => [
    `as ${title}`,
    "POST",
    to,
    { raw, type },
    400,
    expected,
  ];
  const reserved = (prefix: string): string =>
    `name must not start with '${prefix}': the prefix is reserved for system events`;
  checks([
    event("no name", { data: "1" }, "name is required"),
    event("a null name", { name: null }, "name is required"),
    event("an empty name", { name: "" }, "name is required"),
    event("a number as name", { name: 7 }, "name must be a string"),
    event("a list as name", { name: ["t"] }, "name must be a string"),
    event("an object as name", { name: {} }, "name must be a string"),
    event("a flag as name", { name: true }, "name must be a string"),
    event("a name of 65 characters", { name: "t".repeat(65) }, "name must be at most 64 characters"),
    event("a name of 10,000 characters", { name: "t".repeat(10_000) }, "name must be at most 64 characters"),
    event("an umlaut in the name", { name: "wärme" }, "name must be printable ASCII"),
    event("a line break in the name", { name: "t\nu" }, "name must be printable ASCII"),
    event("a zero in the name", { name: "t\u0000" }, "name must be printable ASCII"),
    event("an emoji as name", { name: "🌡" }, "name must be printable ASCII"),
    event("a name under spark", { name: "spark/status" }, reserved("spark")),
    event("a name under SPARK", { name: "SPARKle" }, reserved("spark")),
    event("a name under particle", { name: "particle" }, reserved("particle")),
    event("a name under Particle", { name: "Particle/x" }, reserved("particle")),
    event("a number as data", { name: "t", data: 21 }, "data must be a string"),
    event("an object as data", { name: "t", data: { t: 21 } }, "data must be a string"),
    event("a list as data", { name: "t", data: [21] }, "data must be a string"),
    event("a flag as data", { name: "t", data: false }, "data must be a string"),
    event("1,025 bytes of data", { name: "t", data: "x".repeat(1025) }, "data must be at most 1024 bytes"),
    event(
      "1,025 bytes in 513 characters",
      { name: "t", data: `${"é".repeat(512)}x` },
      "data must be at most 1024 bytes",
    ),
    event("40,000 bytes of data", { name: "t", data: "x".repeat(40_000) }, "data must be at most 1024 bytes"),
    event("half a character as data", { name: "t", data: "\ud83c" }, "data must be well-formed Unicode"),
    event("a number as device", { name: "t", as_device_id: 7 }, "as_device_id must be a string"),
    event("an unknown device", { name: "t", as_device_id: NOBODYS }, UNKNOWN_DEVICE, 403),
    event("somebody else's device", { name: "t", as_device_id: THEIRS }, UNKNOWN_DEVICE, 403),
    event("an empty text as device", { name: "t", as_device_id: "" }, UNKNOWN_DEVICE, 403),
    event("no device id as device", { name: "t", as_device_id: "../admin" }, UNKNOWN_DEVICE, 403),
    body("an open brace", "{", "The body is not valid JSON"),
    body("a missing value", '{"name":}', "The body is not valid JSON"),
    body("single quotes", "{'name':'t'}", "The body is not valid JSON"),
    body("two objects", '{"name":"t"}{"name":"u"}', "The body is not valid JSON"),
    body("a trailing comma", '{"name":"t",}', "The body is not valid JSON"),
    body("not a number", '{"name":NaN}', "The body is not valid JSON"),
    body("a bare word", "name", "The body is not valid JSON"),
    body("a raw line break in a string", '{"name":"t\n"}', "The body is not valid JSON"),
    body("a form that claims to be JSON", "name=t", "The body is not valid JSON"),
    body("deep nesting cut short", "[".repeat(30_000), "The body is not valid JSON"),
    body("a list", '[{"name":"t"}]', "The body must be a JSON object"),
    body("a text", '"t"', "The body must be a JSON object"),
    body("a number", "7", "The body must be a JSON object"),
    body("null", "null", "The body must be a JSON object"),
    body("nothing, as JSON", "", "name is required"),
    body("bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "The body is not valid UTF-8"),
    body("Latin-1", Buffer.from('{"name":"t","data":"é"}', "latin1"), "The body is not valid UTF-8"),
    body("__proto__", '{"name":"t","__proto__":{"polluted":1}}', "The body is not valid JSON"),
    body("__proto__ deep inside", '{"name":"t","a":[{"__proto__":{"polluted":1}}]}', "The body is not valid JSON"),
    body("escaped __proto__", '{"name":"t","\\u005f_proto__":{"polluted":1}}', "The body is not valid JSON"),
    body("constructor.prototype", '{"constructor":{"prototype":{"polluted":1}}}', "The body is not valid JSON"),
    ["as a form without a name", "POST", to, { form: "data=1" }, 400, "name is required"],
    ["as a form with two names", "POST", to, { form: "name=a&name=b" }, 400, "name must be a string"],
    ["as a form with a broken escape", "POST", to, { form: "name=t&data=%zz" }, 400, PERCENT],
    ["as a form with a bare percent sign", "POST", to, { form: "name=t&data=45%" }, 400, PERCENT],
    [
      "as a form with escapes that are not UTF-8",
      "POST",
      to,
      { form: "name=t&data=%ff%fe" },
      400,
      "The body is not valid UTF-8",
    ],
    ["as a form of 65 fields", "POST", to, { form: `${"a=1&".repeat(64)}name=t` }, 400, "A form has at most 64 fields"],
    ["as a form with __proto__", "POST", to, { form: "name=t&__proto__=x" }, 400, "The body has a forbidden field"],
    [
      "as a form that is not UTF-8",
      "POST",
      to,
      { raw: Buffer.from([0x61, 0xff]), type: "application/x-www-form-urlencoded" },
      400,
      "The body is not valid UTF-8",
    ],
    ["as plain text", "POST", to, { raw: "t", type: "text/plain" }, 415, UNSUPPORTED_TYPE],
    ["as XML", "POST", to, { raw: "<t/>", type: "application/xml" }, 415, UNSUPPORTED_TYPE],
    ["as bytes", "POST", to, { raw: "t", type: "application/octet-stream" }, 415, UNSUPPORTED_TYPE],
    ["as nearly JSON", "POST", to, { raw: "{}", type: "application/jsonp" }, 415, UNSUPPORTED_TYPE],
    ["without a type", "POST", to, { raw: "{}", headers: { "content-type": "" } }, 415, UNSUPPORTED_TYPE],
    ["as multipart", "POST", to, { raw: "--x--", type: "multipart/form-data; boundary=x" }, 415, UNSUPPORTED_TYPE],
    [
      "compressed",
      "POST",
      to,
      { json: {}, headers: { "content-encoding": "gzip" } },
      415,
      "Compressed bodies are not accepted",
    ],
    [
      "compressed with brotli",
      "POST",
      to,
      { json: {}, headers: { "content-encoding": "br" } },
      415,
      "Compressed bodies are not accepted",
    ],
    ["of more than 64 KB", "POST", to, { json: { name: "t", x: "x".repeat(66_000) } }, 413, "The body is too large"],
    ["of more than 64 KB as a form", "POST", to, { form: `x=${"x".repeat(66_000)}` }, 413, "The body is too large"],
    ["in an unknown product", "POST", "/v1/products/nowhere/events", { json: { name: "t" } }, 404, "Product not found"],
    [
      "in a product by negative number",
      "POST",
      "/v1/products/-1/events",
      { json: { name: "t" } },
      404,
      "Product not found",
    ],
    [
      "as a device outside the product",
      "POST",
      "/v1/products/weather/events",
      { json: { name: "t", as_device_id: MY_SECOND } },
      403,
      UNKNOWN_DEVICE,
    ],
    [
      "as a device's name",
      "POST",
      "/v1/products/weather/events",
      { json: { name: "t", as_device_id: "attic" } },
      403,
      UNKNOWN_DEVICE,
    ],
    ["without a name in a product", "POST", "/v1/products/weather/events", { json: {} }, 400, "name is required"],
  ]);
});

describe("a token", () => {
  const missing = oauth("invalid_request", "The access token was not found");
  const unknown = oauth("invalid_token", "The access token provided is invalid.");
  const scheme = oauth("invalid_request", "The Authorization header must read: Bearer and the access token");
  const twice = oauth("invalid_request", "Give the access token in one place only");
  const header = (authorization: string): Sent => ({ token: null, headers: { authorization } });
  checks([
    ["that is missing", "GET", "/v1/devices", { token: null }, 400, missing],
    ["that is missing with an event", "POST", "/v1/devices/events", { token: null, json: { name: "t" } }, 400, missing],
    ["that is missing with a form", "POST", "/v1/devices/events", { token: null, form: "name=t" }, 400, missing],
    [
      "that is missing with a broken body",
      "POST",
      "/v1/devices/events",
      { token: null, raw: "{", type: "application/json" },
      400,
      missing,
    ],
    ["that is unknown", "GET", "/v1/devices", { token: "0".repeat(40) }, 401, unknown],
    ["that is unknown, with an event", "POST", "/v1/devices/events", { token: "x", json: { name: "t" } }, 401, unknown],
    ["that is endless", "GET", "/v1/devices", { token: "a".repeat(9_000) }, 401, unknown],
    ["that is strange", "GET", "/v1/devices", { token: "' OR 1=1 --" }, 401, unknown],
    ["that is empty", "GET", "/v1/devices", header("Bearer "), 400, scheme],
    ["of another scheme", "GET", "/v1/devices", header("Basic YTpi"), 400, scheme],
    ["without a scheme", "GET", "/v1/devices", header("abcdef"), 400, scheme],
    ["in header and query", "GET", "/v1/devices?access_token=x", {}, 400, twice],
    ["in header and form", "POST", "/v1/devices/events", { form: "name=t&access_token=x" }, 400, twice],
    [
      "twice in the query",
      "GET",
      "/v1/devices?access_token=x&access_token=y",
      { token: null },
      400,
      oauth("invalid_request", "Give one access token only"),
    ],
    [
      "in the query of a POST",
      "POST",
      "/v1/devices/events?access_token=x",
      { token: null, json: { name: "t" } },
      400,
      missing,
    ],
    [
      "in a JSON body",
      "POST",
      "/v1/devices/events",
      { token: null, json: { name: "t", access_token: "x" } },
      400,
      missing,
    ],
    [
      "that is unknown, in a form",
      "POST",
      "/v1/devices/events",
      { token: null, form: "name=t&access_token=x" },
      401,
      unknown,
    ],
    ["to revoke that nobody has", "DELETE", "/v1/access_tokens/0000", { token: null }, 401, unknown],
  ]);
});

describe("a sign-in", () => {
  const to = "/oauth/token";
  const form = (title: string, fields: string, expected: Expected): Row => [
    title,
    "POST",
    to,
    { token: null, form: fields },
    400,
    expected,
  ];
  const without = (field: string): string => SIGN_IN.replace(new RegExp(`&?${field}=[^&]*`), "");
  const request = (description: string): Expected => oauth("invalid_request", description);
  const client = oauth("invalid_client", "Give a client id and secret; particle / particle will do");
  const grant = (description: string): Expected => oauth("unsupported_grant_type", description);
  const notRefreshed = "Tokens are not refreshed here: sign in again, or ask for one that never ends with expires_in=0";
  const noClients =
    "This server has no product clients: make an API user (POST /v1/products/:product/team) and use its token";
  const noPages = "This server has no sign-in pages for other sites: make an API user and use its token";
  const noFactor = "No account of this server has a second factor: sign in with grant_type password";
  const scopes = oauth("invalid_scope", "A password gives a token without scopes; an API user has scopes");
  const credentials = oauth("invalid_grant", "User credentials are invalid");
  const notForm = request("Send the fields as application/x-www-form-urlencoded");
  const seconds = request("expires_in must be a whole number of seconds");
  const moment = request("expires_at must be a date and time to come, in ISO 8601");
  const tooLong = request("A token lives at most ten years; 0 means for ever");
  const basic = (authorization: string): Sent => ({ token: null, form: SIGN_IN, headers: { authorization } });
  checks([
    ["in JSON", "POST", to, { token: null, json: { grant_type: "password" } }, 400, notForm],
    ["without a body", "POST", to, { token: null }, 400, notForm],
    ["in plain text", "POST", to, { token: null, raw: SIGN_IN, type: "text/plain" }, 400, notForm],
    form("without a client", without("client_id"), client),
    form("without a client secret", without("client_secret"), client),
    form("with two client ids", `${SIGN_IN}&client_id=b`, client),
    ["with broken Basic credentials", "POST", to, basic("Basic !!!"), 400, client],
    ["with Basic credentials without a colon", "POST", to, basic("Basic YWJj"), 400, client],
    ["with an empty Basic secret", "POST", to, basic("Basic YWJjOg=="), 400, client],
    form("without a grant type", without("grant_type"), request("grant_type is required, once")),
    form("with two grant types", `${SIGN_IN}&grant_type=password`, request("grant_type is required, once")),
    form("by refresh token", SIGN_IN.replace("=password&", "=refresh_token&"), grant(notRefreshed)),
    form("by client credentials", SIGN_IN.replace("=password&", "=client_credentials&"), grant(noClients)),
    form("by one-time password", SIGN_IN.replace("=password&", "=urn:custom:mfa-otp&"), grant(noFactor)),
    form("by authorization code", SIGN_IN.replace("=password&", "=authorization_code&"), grant(noPages)),
    form(
      "by a grant that nobody knows",
      SIGN_IN.replace("=password&", "=toString&"),
      grant("This server signs in with grant_type password"),
    ),
    form("for a customer", `${SIGN_IN}&scope=customer=a@b.c`, scopes),
    form("with two scopes", `${SIGN_IN}&scope=a&scope=b`, scopes),
    form("without a user", without("username"), request("username is required")),
    form("without a password", without("password(?==open)"), request("password is required")),
    form("with two users", `${SIGN_IN}&username=eve`, request("username is required")),
    form("with an endless user", SIGN_IN.replace("ada", "a".repeat(300)), request("username is too long")),
    form(
      "with an endless password",
      `${without("password(?==open)")}&password=${"x".repeat(300)}`,
      request("password is too long"),
    ),
    form("with a wrong password", SIGN_IN.replace("sesame", "barley"), credentials),
    form("of an unknown user", SIGN_IN.replace("ada", "nobody"), credentials),
    form("with a negative lifetime", `${SIGN_IN}&expires_in=-1`, seconds),
    form("with a fraction as lifetime", `${SIGN_IN}&expires_in=1.5`, seconds),
    form("with a word as lifetime", `${SIGN_IN}&expires_in=long`, seconds),
    form("with an empty lifetime", `${SIGN_IN}&expires_in=`, seconds),
    form("with a lifetime of centuries", `${SIGN_IN}&expires_in=99999999999`, tooLong),
    form("with an end in the past", `${SIGN_IN}&expires_at=2020-01-01`, moment),
    form("with a word as end", `${SIGN_IN}&expires_at=tomorrow`, moment),
    form("with an end in centuries", `${SIGN_IN}&expires_at=2999-01-01`, tooLong),
    form(
      "with lifetime and end",
      `${SIGN_IN}&expires_in=1&expires_at=2999-01-01`,
      request("Give expires_in or expires_at, not both"),
    ),
  ]);
});

describe("a device", () => {
  const claim = (title: string, json: unknown, status: number, expected: Expected): Row => [
    title,
    "POST",
    "/v1/devices",
    { json },
    status,
    expected,
  ];
  const change = (title: string, json: unknown, expected: Expected, status = 400): Row => [
    title,
    "PUT",
    `/v1/devices/${MINE}`,
    { json },
    status,
    expected,
  ];
  const denied = (info: string): Expected => ({ ok: false, error: "Permission Denied", info });
  const hex = "id must be 24 hexadecimal digits";
  checks([
    claim("claimed without an id", {}, 400, "id is required"),
    claim("claimed by a number", { id: 7 }, 400, "id must be a string"),
    claim("claimed by a short id", { id: "abc" }, 400, hex),
    claim("claimed by an id of 25 digits", { id: `${MINE}0` }, 400, hex),
    claim("claimed by an id that is not hexadecimal", { id: "z".repeat(24) }, 400, hex),
    claim("claimed by an endless id", { id: "a".repeat(200) }, 400, "id must have at most 128 characters"),
    claim("claimed by blanks", { id: "   " }, 400, "id is required"),
    claim(
      "to be transferred or not",
      { id: NOBODYS, request_transfer: "soon" },
      400,
      "request_transfer must be true or false",
    ),
    claim("of somebody else", { id: THEIRS }, 403, denied("That device belongs to someone else")),
    change("changed in nothing", {}, "Give name, notes or signal"),
    change("changed in what is not its own", { owner: "eve", productId: 1 }, "Give name, notes or signal"),
    change("changed in what only a product's device has", { groups: ["a"] }, "Give name, notes or signal"),
    change("named by a number", { name: 7 }, "name must be a string"),
    change("named by an object", { name: {} }, "name must be a string"),
    change("with a name of 129 characters", { name: "n".repeat(129) }, "name must have at most 128 characters"),
    change("with a line break in its name", { name: "a\nb" }, "name must not hold control characters"),
    change("with an escape in its name", { name: "\u001b[2J" }, "name must not hold control characters"),
    change("with half a character in its name", { name: "\ud83c" }, "name must not hold control characters"),
    change(
      "with a name that is taken",
      { name: "attic" },
      denied("Another device of this account has that name already"),
      403,
    ),
    change("with endless notes", { notes: "n".repeat(1001) }, "notes must have at most 1000 characters"),
    change("that should blink", { signal: "1" }, NOT_CONNECTED, 404),
    change("that should blink somehow", { signal: "red" }, "signal must be true or false"),
    ["that is unknown", "GET", `/v1/devices/${NOBODYS}`, {}, 403, UNKNOWN_DEVICE],
    ["by a climbing path", "GET", "/v1/devices/..%2f..%2fadmin", {}, 403, UNKNOWN_DEVICE],
    ["by an endless name", "GET", `/v1/devices/${"n".repeat(200)}`, {}, 403, UNKNOWN_DEVICE],
    ["by a broken escape", "GET", "/v1/devices/%zz", {}, 400, "Malformed request"],
    ["that is unknown, released", "DELETE", "/v1/devices/cellar", {}, 403, UNKNOWN_DEVICE],
    ["that is unknown, given a token", "POST", "/v1/devices/cellar/token", {}, 403, UNKNOWN_DEVICE],
  ]);
});

describe("a product", () => {
  const make = (title: string, product: unknown, expected: Expected, status = 400): Row => [
    `made ${title}`,
    "POST",
    "/v1/products",
    { json: { product } },
    status,
    expected,
  ];
  const shape = "Give an object product with name, and slug and description if you like";
  const slug = "slug must be lower-case letters, digits and dashes, with a letter, at most 63 characters";
  const devices = "/v1/products/weather/devices";
  const listed = (title: string, query: string, expected: string): Row => [
    `listed ${title}`,
    "GET",
    `${devices}?${query}`,
    {},
    400,
    expected,
  ];
  const change = (title: string, json: unknown, expected: string): Row => [
    `whose device is ${title}`,
    "PUT",
    `${devices}/${MINE}`,
    { json },
    400,
    expected,
  ];
  const file = (title: string, raw: string, status: number, expected: string): Row => [
    `filled ${title}`,
    "POST",
    devices,
    { raw: raw.replaceAll("\n", "\r\n"), type: "multipart/form-data; boundary=x" },
    status,
    expected,
  ];
  const part = (name: string, content: string): string =>
    `--x\nContent-Disposition: form-data; name="${name}"; filename="ids.txt"\n\n${content}\n--x--\n`;
  const firmware = "firmware_version must be a whole number from 0 to 65535";
  const settable =
    "Give name, notes, quarantined, denied, groups, development, firmware_version, desired_firmware_version, serial_number or signal";
  const group = "A group's name must be lower-case letters, digits, dashes and underscores, at most 40 characters";
  const groups = "/v1/products/weather/groups";
  const edit = (title: string, product: unknown, expected: string): Row => [
    `changed ${title}`,
    "PUT",
    "/v1/products/weather",
    { json: { product } },
    400,
    expected,
  ];
  checks([
    ["made of nothing", "POST", "/v1/products", { json: {} }, 400, shape],
    make("of a text", "Weather", shape),
    make("of a list", [], shape),
    make("without a name", {}, "name is required"),
    make("with blanks as name", { name: "  " }, "name is required"),
    make("with a number as name", { name: 7 }, "name must be a string"),
    make("with an endless name", { name: "n".repeat(101) }, "name must have at most 100 characters"),
    make("with an upper-case slug", { name: "n", slug: "Weather" }, slug),
    make("with a number as slug", { name: "n", slug: "123" }, slug),
    make("with a slug that begins with a dash", { name: "n", slug: "-a" }, slug),
    make("with a slash in its slug", { name: "n", slug: "a/b" }, slug),
    make("with an endless slug", { name: "n", slug: "s".repeat(64) }, "slug must have at most 63 characters"),
    make("with a taken slug", { name: "n", slug: "weather" }, "That slug is taken: choose another one", 409),
    ["that is unknown", "GET", "/v1/products/nowhere", {}, 404, "Product not found"],
    ["that is unknown, with devices", "GET", "/v1/products/999/devices", {}, 404, "Product not found"],
    listed("from page 0", "page=0", "page must be a whole number from 1 to 1000000"),
    listed("from page x", "page=x", "page must be a whole number from 1 to 1000000"),
    listed("in empty pages", "per_page=0", "per_page must be a whole number from 1 to 1000"),
    listed("in huge pages", "perPage=1001", "perPage must be a whole number from 1 to 1000"),
    listed(
      "by a foreign attribute",
      "sortAttr=owner",
      "sortAttr must be one of deviceId, firmwareVersion, lastConnection",
    ),
    listed("sideways", "sortDir=left", "sortDir must be asc or desc"),
    listed("by doubt", "quarantined=maybe", "quarantined must be true or false"),
    ["filled with nothing", "POST", devices, { json: {} }, 400, "id is required"],
    ["filled with a list", "POST", devices, { json: { id: [MINE] } }, 400, "id must be a string"],
    file("by an empty file", part("file", ""), 400, "The file holds no device ids"),
    file("by a part of another name", part("devices", MINE), 400, "Send the ids in a part named file"),
    file("by no part", "--x--\n", 400, "Send the ids in a part named file"),
    file(
      "by a file of one endless line",
      part("file", "a".repeat(500)),
      400,
      "The file must hold one device id a line",
    ),
    file(
      "by values with an open quotation mark",
      part("file", `id,name\n${NOBODYS},"pump`),
      400,
      "Line 2 of the file has a quotation mark that is never closed",
    ),
    file(
      "by values with text behind a quotation mark",
      part("file", `id,name\n${NOBODYS},"pump" two`),
      400,
      "Line 2 of the file has text after a closing quotation mark",
    ),
    file(
      "by values with a wrong one",
      part("file", `id,firmware_version\n${MINE},1\n${NOBODYS},new`),
      400,
      "Line 3 of the file: firmware_version must be a whole number from 0 to 65535",
    ),
    file("by a header alone", part("file", "id,name"), 400, "The file holds no device ids"),
    change("changed in nothing", {}, settable),
    change(
      "flashed",
      { flash: true },
      "flash must be false: this server keeps the desired firmware version and flashes nothing",
    ),
    change("put into a group of a strange name", { groups: ["North Pole"] }, group),
    change("put into groups by a text", { groups: "a,B" }, group),
    change("put into a number of groups", { groups: 7 }, "groups must be a list of names"),
    change(
      "put into too many groups",
      { groups: Array.from({ length: 51 }, () => "a") },
      "groups takes at most 50 names",
    ),
    change("in development or not", { development: "soon" }, "development must be true or false"),
    change(
      "with an endless serial number",
      { serial_number: "1".repeat(65) },
      "serial_number must have at most 64 characters",
    ),
    change("of desired firmware x", { desired_firmware_version: "x" }, `desired_${firmware}`),
    edit("in nothing", {}, "Give name, slug, description or settings.quarantine"),
    edit("in its name, to nothing", { name: "" }, "name is required"),
    edit("in its slug, to a number", { slug: "123" }, slug),
    edit("in its settings, by a text", { settings: "quarantine" }, "settings must be an object"),
    edit("to a doubtful quarantine", { settings: { quarantine: "maybe" } }, "quarantine must be true or false"),
    listed("by a group of a strange name", "groups=North%20Pole", group),
    [
      "ended with its devices, and no word of that",
      "DELETE",
      "/v1/products/weather",
      {},
      409,
      {
        ok: false,
        error: "The product has 1 device",
        code: "product_has_devices",
        next_step:
          "Send confirm=true to end it with them: those that nobody has claimed are forgotten, the others stay.",
      },
    ],
    ["with a group of no name", "POST", groups, { json: {} }, 400, "name is required"],
    ["with a group of a strange name", "POST", groups, { json: { name: "a/b" } }, 400, group],
    ["whose group is not there", "GET", `${groups}/north`, {}, 404, "Group not found"],
    ["whose group is not there, changed", "PUT", `${groups}/north`, { json: { name: "n" } }, 404, "Group not found"],
    ["whose group is changed in nothing", "PUT", `${groups}/north`, { json: {} }, 400, "Give name or description"],
    ["whose group is not there, removed", "DELETE", `${groups}/north`, {}, 404, "Group not found"],
    change("of firmware -1", { firmware_version: -1 }, firmware),
    change("of firmware 1.5", { firmware_version: 1.5 }, firmware),
    change("of firmware x", { firmware_version: "x" }, firmware),
    change("of firmware 65,536", { firmware_version: 65_536 }, firmware),
    change("perhaps quarantined", { quarantined: "perhaps" }, "quarantined must be true or false"),
    change(
      "quarantined and denied",
      { quarantined: true, denied: true },
      "A device is quarantined or denied, not both",
    ),
    ["whose device is not in it", "GET", `${devices}/${MY_SECOND}`, {}, 403, UNKNOWN_DEVICE],
    ["whose device is named", "GET", `${devices}/attic`, {}, 403, UNKNOWN_DEVICE],
  ]);
});

describe("an integration", () => {
  const to = "/v1/integrations";
  const make = (title: string, change: Record<string, unknown>, error: string): Row => [
    `with ${title}`,
    "POST",
    to,
    { json: { ...AZURE, ...change } },
    400,
    error,
  ];
  const type = "integration_type must be one of AzureIotHub, Webhook";
  const host = "hub_name: must be a hub's name or host name";
  const base64 = "policy_key must be a shared access key: base64 without blanks";
  const ids = "ids must be a list of at most 1000 delivery ids";
  const nested = JSON.parse(`${'{"a":'.repeat(20)}1${"}".repeat(20)}`) as unknown;
  const admin = "/admin/v1/integrations/:integration/deliveries";
  checks([
    make("no type", { integration_type: undefined }, "integration_type is required"),
    make("type GoogleCloudPubSub", { integration_type: "GoogleCloudPubSub" }, type),
    make("its type in another case", { integration_type: "azureiothub" }, type),
    make("a list as type", { integration_type: ["AzureIotHub"] }, type),
    make("no event", { event: undefined }, "event is required"),
    make("an empty event", { event: "" }, "event is required"),
    make("a number as event", { event: 7 }, "event must be a string"),
    make("an event of 65 characters", { event: "t".repeat(65) }, "event must have at most 64 characters"),
    make("an umlaut in the event", { event: "wärme" }, "event must be printable ASCII"),
    make("no hub", { hub_name: undefined }, "hub_name is required"),
    make("a number as hub", { hub_name: 7 }, "hub_name must be a string"),
    make("a web address as hub", { hub_name: "https://my-hub.azure-devices.net" }, host),
    make("somebody else's host as hub", { hub_name: "example.com" }, host),
    make("an address as hub", { hub_name: "169.254.169.254" }, host),
    make("no policy", { policy_name: undefined }, "policy_name is required"),
    make("a blank in the policy", { policy_name: "my policy" }, "policy_name must not hold blanks"),
    make("an endless policy", { policy_name: "p".repeat(65) }, "policy_name must have at most 64 characters"),
    make("no key", { policy_key: undefined }, "policy_key is required"),
    make("a masked key", { policy_key: "********" }, "policy_key is required"),
    make("a number as key", { policy_key: 7 }, "policy_key must be a string"),
    make("a key that is not base64", { policy_key: "not base64!" }, base64),
    make("a blank in its key", { policy_key: `${KEY.slice(0, 9)} ${KEY.slice(9)}` }, base64),
    make("a long key", { policy_key: "A".repeat(1025) }, "policy_key must have at most 1024 characters"),
    make(
      "a connection string as key",
      { policy_key: `HostName=h;SharedAccessKeyName=p;SharedAccessKey=${KEY}` },
      "policy_key is a connection string with another hub_name",
    ),
    make("an unknown device", { deviceID: NOBODYS }, "deviceID: you have no such device"),
    make("somebody else's device", { deviceid: THEIRS }, "deviceID: you have no such device"),
    make("a number as device", { deviceId: 7 }, "deviceId must be a string"),
    make("an endless name", { name: "n".repeat(129) }, "name must have at most 128 characters"),
    make("a line break in its name", { name: "a\nb" }, "name must not hold control characters"),
    make("a number as template", { json: 7 }, "json must be an object or a text"),
    make("a list as template", { json: [] }, "json must be an object or a text"),
    make("an open template", { json: "{{PARTICLE_EVENT_VALUE" }, "json cannot be rendered: a tag is not closed"),
    make(
      "an open section deep inside",
      { json: { a: { b: "{{#x}}" } } },
      "json.a.b cannot be rendered: a section is not closed at character 7",
    ),
    make(
      "a partial",
      { json: { "<a>": ["{{> x}}"] } },
      "json.….0 cannot be rendered: a partial at character 1: templates cannot include others",
    ),
    make(
      "a template that never gives JSON",
      { json: '{"a":{{x}},}' },
      "json cannot be rendered: it gives no JSON, whatever the event: at character 12",
    ),
    make("a template of 17 KB", { json: "x".repeat(17_000) }, "json must have at most 16384 bytes"),
    make("an abyss as template", { json: nested }, "json must not be nested deeper than 16"),
    make("a number as content type", { content_type: 7 }, "content_type must be a string"),
    make(
      "a word as content type",
      { content_type: "json" },
      "content_type must be a media type, as application/json is",
    ),
    make(
      "an endless content type",
      { content_type: `a/${"b".repeat(127)}` },
      "content_type must have at most 128 characters",
    ),
    make("doubt about parse_data", { parse_data: "maybe" }, "parse_data must be true or false"),
    make(
      "a list as properties",
      { message_properties: ["a"] },
      "message_properties must be an object of names and texts",
    ),
    make(
      "a word as properties",
      { message_properties: "a" },
      "message_properties must be an object of names and texts",
    ),
    make(
      "21 properties",
      { message_properties: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`p${i}`, "v"])) },
      "message_properties takes at most 20",
    ),
    ...["a b", "", "ä", "a(b", "a/b", "p".repeat(65)].map((name) =>
      make(
        `a property called '${name.slice(0, 5)}'`,
        { message_properties: { [name]: "v" } },
        "message_properties: a name has 1 to 64 letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
      ),
    ),
    ...["event", "Seq"].map((name) =>
      make(
        `a ${name} of its own`,
        { message_properties: { [name]: "v" } },
        `message_properties.${name} is always there and cannot be set`,
      ),
    ),
    ...["iothub-ack", "$.mid"].map((name) =>
      make(
        `the hub's property ${name}`,
        { message_properties: { [name]: "v" } },
        `message_properties.${name}: names that begin with iothub- or $ are the hub's own`,
      ),
    ),
    make(
      "one property in two letter cases",
      { message_properties: { Site: "a", site: "b" } },
      "message_properties.site is there twice: a hub's routes know no letter case",
    ),
    make("an object as property", { message_properties: { p: {} } }, "message_properties.p must be a text"),
    make(
      "an open tag in a property",
      { message_properties: { p: "{{x" } },
      "message_properties.p cannot be rendered: a tag is not closed",
    ),
    make(
      "a line break in a property",
      { message_properties: { p: "a\nb" } },
      "message_properties.p must not hold control characters",
    ),
    make(
      "an endless property",
      { message_properties: { p: "v".repeat(1_025) } },
      "message_properties.p must have at most 1024 characters",
    ),
    make("doubt about create_identities", { create_identities: "maybe" }, "create_identities must be true or false"),
    make(
      "a slash in the prefix of device ids",
      { device_id_prefix: "site/" },
      "device_id_prefix takes letters, digits and - . _ : @ = , ; ! ( ) $ ' *",
    ),
    make(
      "an endless prefix of device ids",
      { device_id_prefix: "p".repeat(105) },
      "device_id_prefix must have at most 104 characters",
    ),
    make("no messages a day", { daily_cap: 0 }, "daily_cap must be a whole number from 1 to 1000000000"),
    make("half a message a day", { daily_cap: 0.5 }, "daily_cap must be a whole number from 1 to 1000000000"),
    make("doubt about disabled", { disabled: "maybe" }, "disabled must be true or false"),
    make("doubt about name_sync", { name_sync: 2 }, "name_sync must be continuous or once"),
    [
      "of a product with a device",
      "POST",
      "/v1/products/weather/integrations",
      { json: { ...AZURE, deviceID: MINE } },
      400,
      "deviceID: a product's integration takes events of all its devices",
    ],
    ["of an unknown product", "POST", "/v1/products/nowhere/integrations", { json: AZURE }, 404, "Product not found"],
    ["as a form without type", "POST", to, { form: "event=t" }, 400, "integration_type is required"],
    [
      "moved from the Local Hub without a key",
      "PUT",
      `${to}/:integration`,
      { json: { hub_name: "my-hub" } },
      400,
      "policy_key is required",
    ],
    [
      "turned into a webhook",
      "PUT",
      `${to}/:integration`,
      { json: { integration_type: "Webhook" } },
      400,
      "integration_type cannot be changed",
    ],
    ["that is unknown", "GET", `${to}/${NOBODYS}`, {}, 404, "Integration not found"],
    ["that is unknown, edited", "PUT", `${to}/x`, { json: AZURE }, 404, "Integration not found"],
    ["that is unknown, deleted", "DELETE", `${to}/x`, {}, 404, "Integration not found"],
    ["that is unknown, tested", "POST", `${to}/x/test`, { json: {} }, 404, "Integration not found"],
    [
      "of the sandbox, sought in a product",
      "GET",
      "/v1/products/weather/integrations/:integration",
      {},
      404,
      "Integration not found",
    ],
    ["tested with a number", "POST", `${to}/:integration/test`, { json: { data: 7 } }, 400, "data must be a string"],
    [
      "tested as a word",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: "x" } },
      400,
      "device_id must be a device's id of 24 hexadecimal digits",
    ],
    [
      "tested as an unknown device",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: NOBODYS } },
      403,
      UNKNOWN_DEVICE,
    ],
    [
      "tested as somebody else's device",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: THEIRS } },
      403,
      UNKNOWN_DEVICE,
    ],
    [
      "with deliveries in no number",
      "GET",
      `${admin}?limit=many`,
      {},
      400,
      "limit must be a whole number from 1 to 500",
    ],
    ["with deliveries without end", "GET", `${admin}?limit=501`, {}, 400, "limit must be a whole number from 1 to 500"],
    [
      "with deliveries before x",
      "GET",
      `${admin}?before=x`,
      {},
      400,
      "before must be a whole number from 1 to 9007199254740991",
    ],
    [
      "with deliveries in a strange state",
      "GET",
      `${admin}?state=lost`,
      {},
      400,
      "state must be one of pending, delivered, parked, expired",
    ],
    ["with deliveries retried by text", "POST", `${admin}/retry`, { json: { ids: "1" } }, 400, ids],
    ["with deliveries retried by words", "POST", `${admin}/retry`, { json: { ids: ["1"] } }, 400, ids],
    ["with deliveries retried below zero", "POST", `${admin}/retry`, { json: { ids: [-1] } }, 400, ids],
    ["with too many deliveries retried", "POST", `${admin}/retry`, { json: { ids: Array(1001).fill(1) } }, 400, ids],
    [
      "whose hub is watched since ever",
      "GET",
      "/admin/v1/hubs/local/monitor-events?since=-1",
      {},
      400,
      "since must be a whole number from 0 to 9007199254740991",
    ],
    ["whose hub is unknown", "GET", "/admin/v1/hubs/x/monitor-events", {}, 404, "Integration not found"],
    [
      "whose twin is somebody else's",
      "GET",
      `/admin/v1/integrations/:integration/devices/${THEIRS}/twin`,
      {},
      404,
      "Device not found",
    ],
    [
      "whose twin cannot be",
      "GET",
      "/admin/v1/integrations/:integration/devices/a%20b/twin",
      {},
      404,
      "Device not found",
    ],
  ]);
});

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

describe("a path", () => {
  const orgs = "This server has no organizations: use the sandbox or product routes";
  checks([
    ["that leads nowhere", "GET", "/v1/nothing", {}, 404, "Not found"],
    ["that leads nowhere, with a body", "POST", "/v2/devices", { json: {} }, 404, "Not found"],
    ["with a script in it", "GET", "/<script>", {}, 404, "Not found"],
    ["of another method", "PATCH", "/v1/devices", { json: {} }, 405, "Method not allowed"],
    ["of another method, without a token", "DELETE", "/v1/products", { token: null }, 405, "Method not allowed"],
    ["asked by another origin", "OPTIONS", "/v1/devices", { token: null }, 405, "Method not allowed"],
    ["of sign-in, read", "GET", "/oauth/token", { token: null }, 405, "Method not allowed"],
    ["of organizations", "GET", "/v1/orgs/acme/integrations", {}, 404, orgs],
    ["of organizations, written", "POST", "/v1/orgs", { json: {} }, 404, orgs],
    [
      "with a body over 1 MB",
      "POST",
      "/v1/devices",
      { json: { id: "x".repeat(1_100_000) } },
      413,
      "The body is too large",
    ],
  ]);
});

test("all of that stored nothing, changed nothing and reached no prototype", () => {
  expect(stored).toBe(0);
  expect(api.changedIntegrations).toEqual([]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
