/** Who is let in, over real sockets: signed by aws4 with the header sets of Para's clients, and refused for every reason. */
import { createHash, createHmac } from "node:crypto";
import { sign } from "aws4";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newAppSecret } from "../../core/ids.ts";
import { NO_LIMITS, createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { paraClient, send } from "../testing/para-client.ts";
import type { ParaAnswer } from "../testing/para-client.ts";
import { makeSuperToken } from "./super-token.ts";

const SECRET = newAppSecret();
const ACCESS_KEY = "app:weather";
const CREDENTIALS = { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET };
const ME = { id: ACCESS_KEY, type: "app", appIdentifier: "weather", appid: "para" };

let api: TestApi;
let origin: string;

beforeEach(async () => {
  api = createTestApi();
  await addApps(api);
  origin = await api.listen();
});

afterEach(() => api.app.close());

async function addApps({ directory, appKeys, account }: TestApi): Promise<void> {
  const { id } = await account("ada");
  const made = async (slug: string): Promise<number> =>
    (await directory.createProduct({ ownerId: id, name: slug, slug, description: "" }))!.id;
  const root = await made("para");
  await appKeys.setRootApp(root);
  await appKeys.renewAppSecret(root, newAppSecret());
  await appKeys.renewAppSecret(await made("weather"), SECRET);
  await made("keyless");
}

function amzDate(offsetMs = 0): string {
  return new Date(api.world.now + offsetMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
}

interface Signing {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly date?: string;
  readonly credentials?: typeof CREDENTIALS;
  readonly host?: string;
  /** Sent all the same. */
  readonly unsigned?: readonly string[];
  readonly region?: string;
}

function signed({ method = "GET", path = "/v1/_me", body, headers = {}, unsigned = [], ...rest }: Signing = {}): Record<
  string,
  string
> {
  const { date = amzDate(), credentials = CREDENTIALS, host = new URL(origin).host, region = "us-east-1" } = rest;
  const request = {
    method,
    path,
    host,
    region,
    service: "para",
    headers: { Host: host, "X-Amz-Date": date, ...headers },
    ...(body !== undefined && { body }),
    extraHeadersToIgnore: Object.fromEntries(unsigned.map((name) => [name, true])),
  };
  return sign(request, credentials).headers as Record<string, string>;
}

async function ask(
  headers: Record<string, string>,
  { method = "GET", path = "/v1/_me", body }: Signing = {},
): Promise<ParaAnswer> {
  return send(origin, method, path, headers, body);
}

describe("signatures", () => {
  test("the JavaScript client's way, with bodies, spaces, slashes, unicode and repeated parameters", async () => {
    const call = paraClient(origin, { accessKey: ACCESS_KEY, secretKey: SECRET }, () => api.world.now);
    expect((await call("GET", "_me")).json).toMatchObject(ME);
    expect(await call("GET", "")).toMatchObject({ status: 200, json: { version: expect.any(String) as string } });
    expect(await call("GET", "/")).toMatchObject({ status: 200 });
    expect(await call("PATCH", "app/app%3Aweather", { body: { name: "Wetter ☔ é" } })).toMatchObject({
      status: 200,
      json: { name: "Wetter ☔ é" },
    });
    for (const path of ["app/a%20b%2Fc", "app/%C3%BCber%E2%98%94", "app/(a)'b!*~", "app/a+b"]) {
      expect(await call("GET", path)).toMatchObject({ status: 404, json: { code: 404 } });
    }
    const query = { count: ["true", "false"], q: "a b+c/é&=☔", "ä ö": "~!*'()" };
    expect(await call("GET", "_types", { query })).toMatchObject({ status: 200 });
    expect(await call("DELETE", "app/nothing", { query })).toMatchObject({ status: 404 });
  });

  test.each([
    ["host;x-amz-date alone, as Java, Android, Python, PHP and iOS", ["content-type", "content-length"], {}],
    ["content type and hash too, as C#", ["content-length"], { "x-amz-content-sha256": "set" }],
    ["everything", [], { "x-amz-content-sha256": "set", "x-custom": "  two   words " }],
  ])("with %s signed", async (_title, unsigned, more: Record<string, string>) => {
    const body = JSON.stringify({ name: "Storms — 嵐" });
    const hash = createHash("sha256").update(body).digest("hex");
    const sending = {
      method: "PATCH",
      path: "/v1/app/app%3Aweather",
      body,
      unsigned,
      headers: {
        "Content-Type": "application/json",
        ...more,
        ...("x-amz-content-sha256" in more && { "x-amz-content-sha256": hash }),
      },
    };
    expect(await ask(signed(sending), sending)).toMatchObject({ status: 200, json: { name: "Storms — 嵐" } });
    const tampered = { ...sending, body: body.replace("嵐", "凪") };
    expect(await ask(signed(sending), tampered)).toMatchObject({ status: 403 });
  });

  test("a base address that ends with a slash, which Java and Python take for a part of the host", async () => {
    const { host } = new URL(origin);
    const headers = { ...signed({ host: `${host}/` }), Host: host };
    expect(await ask(headers)).toMatchObject({ status: 200, json: ME });
    const twice = { ...signed({ host: `${host}/`, path: "//v1/_me" }), Host: host };
    expect(await ask(twice, { path: "//v1/_me" })).toMatchObject({ status: 200, json: ME });
  });

  test("a DELETE or GET with a body, as C# sends one", async () => {
    for (const method of ["DELETE", "GET"]) {
      const sending = {
        method,
        path: "/v1/app/nothing",
        body: '""',
        headers: { "Content-Type": "application/json" },
      };
      expect(await ask(signed(sending), sending)).toMatchObject({ status: 404 });
      expect(await ask(signed(sending), { ...sending, body: "[]" })).toMatchObject({ status: 403 });
    }
  });

  test("JSON without a content type, as Python sends it", async () => {
    const sending = { method: "PATCH", path: "/v1/app/weather", body: '{"name":"Fog"}', unsigned: ["content-type"] };
    const { "Content-Type": _none, ...headers } = signed(sending);
    expect(await ask(headers, sending)).toMatchObject({ status: 200, json: { name: "Fog" } });
  });

  test("a content type with a GET, as PHP sends it; the access key without app:", async () => {
    const sending = {
      headers: { "Content-Type": "application/json" },
      credentials: { ...CREDENTIALS, accessKeyId: "weather" },
    };
    expect(await ask(signed(sending), sending)).toMatchObject({ status: 200 });
  });

  test("every header name in whatever letter case and order", async () => {
    const headers = signed();
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    expect((await ask(lower)).status).toBe(200);
    const spaced = { ...lower, authorization: lower["authorization"]!.replaceAll(", ", ",") };
    expect((await ask(spaced)).status).toBe(200);
  });

  test.each([
    [
      "another secret",
      { credentials: { ...CREDENTIALS, secretAccessKey: "wrong" } },
      403,
      /^Invalid signature for request GET \/v1\/_me coming from app weather$/,
    ],
    [
      "an app that is not there",
      { credentials: { ...CREDENTIALS, accessKeyId: "app:nobody" } },
      404,
      /^App not found\.$/,
    ],
    [
      "a product without keys",
      { credentials: { ...CREDENTIALS, accessKeyId: "app:keyless" } },
      404,
      /^App not found\.$/,
    ],
    ["a product's number", { credentials: { ...CREDENTIALS, accessKeyId: "app:2" } }, 404, /^App not found\.$/],
    ["another region", { region: "eu-west-1" }, 403, /^Invalid signature/],
    ["another host", { host: "elsewhere.example" }, 403, /^Invalid signature/],
  ])("refuses %s", async (_title, signing: Signing, status, message) => {
    const headers = { ...signed(signing), Host: new URL(origin).host };
    const answer = await ask(headers);
    expect(answer).toMatchObject({ status, json: { code: status, message: expect.stringMatching(message) as string } });
    expect(answer.json).toHaveProperty("next_step");
    expect(answer.text).not.toContain(SECRET);
  });

  test("is good for a quarter of an hour", async () => {
    const at = async (minutes: number): Promise<number> =>
      (await ask(signed({ date: amzDate(minutes * 60_000) }))).status;
    expect(await at(-14)).toBe(200);
    expect(await at(5)).toBe(200);
    expect(await at(-16)).toBe(400);
    const { "X-Amz-Date": _date, ...undated } = signed();
    expect((await ask(undated)).json).toMatchObject({ code: 400, message: "Request has expired." });
    expect((await ask(signed({ date: amzDate(-16 * 60_000) }))).json).toMatchObject({
      message: "Request has expired.",
    });
  });

  test("a query or path that was changed on the way is refused", async () => {
    const headers = signed({ path: "/v1/_types?count=false" });
    expect((await ask(headers, { path: "/v1/_types?count=false" })).status).toBe(200);
    expect((await ask(headers, { path: "/v1/_types?count=true" })).status).toBe(403);
    expect((await ask(headers, { path: "/v1/_types" })).status).toBe(403);
    expect((await ask(headers, { path: "/v1/_me?count=false" })).status).toBe(403);
  });

  test.each(["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=app:weather", "aws4-hmac-sha256 x"])(
    "'%s' is told what a signature looks like",
    async (authorization) => {
      const answer = await ask({ Authorization: authorization, "X-Amz-Date": amzDate() });
      expect(answer).toMatchObject({ status: 401, json: { code: 401 } });
    },
  );
});

describe("super tokens", () => {
  const seconds = (offset: number): number => Math.floor(api.world.now / 1000) + offset;
  const token = (): string =>
    makeSuperToken(SECRET, { accessKey: ACCESS_KEY, now: seconds(0), expiresAt: seconds(3600) });
  /** As another program makes one. */
  const made = (claims: object, { secret = SECRET, ...head }: Record<string, string> = {}): string => {
    const { alg = "HS256" } = head;
    const text = [{ alg, ...head }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = alg === "none" ? "" : createHmac("sha256", secret).update(text).digest("base64url");
    return `${text}.${signature}`;
  };
  const bearer = (text: string): Promise<ParaAnswer> => ask({ Authorization: `Bearer ${text}` });

  test("one of our making, and one of the command line's without typ", async () => {
    expect((await bearer(token())).json).toMatchObject(ME);
    expect(
      (await bearer(made({ appid: ACCESS_KEY, iat: seconds(0), nbf: seconds(-5), exp: seconds(60) }))).status,
    ).toBe(200);
    expect((await bearer(made({ appid: "weather", exp: seconds(60) }))).status).toBe(200);
    expect((await bearer(made({ appid: ACCESS_KEY, exp: seconds(60), sub: "my-program" }))).status).toBe(200);
  });

  test.each([
    ["an expired one", () => made({ appid: ACCESS_KEY, exp: seconds(0) })],
    ["one without expiry", () => made({ appid: ACCESS_KEY })],
    ["one whose expiry is a text", () => made({ appid: ACCESS_KEY, exp: String(seconds(60)) })],
    ["one that is not valid yet", () => made({ appid: ACCESS_KEY, exp: seconds(60), nbf: seconds(1) })],
    ["one without an app", () => made({ exp: seconds(60) })],
    ["one of another app", () => made({ appid: "app:para", exp: seconds(60) })],
    ["one of an app that is not there", () => made({ appid: "app:nobody", exp: seconds(60) })],
    ["one of a product without keys", () => made({ appid: "app:keyless", exp: seconds(60) }, { secret: "" })],
    ["one with another secret", () => made({ appid: ACCESS_KEY, exp: seconds(60) }, { secret: "s" })],
    ["one without algorithm", () => made({ appid: ACCESS_KEY, exp: seconds(60) }, { alg: "none" })],
    ["one of another algorithm", () => made({ appid: ACCESS_KEY, exp: seconds(60) }, { alg: "HS512" })],
    ["one of an extension", () => made({ appid: ACCESS_KEY, exp: seconds(60) }, { crit: "exp" })],
    ["one of an account", () => made({ appid: ACCESS_KEY, exp: seconds(60), sub: "ada" })],
    ["one of a user of an identity provider", () => made({ appid: ACCESS_KEY, exp: seconds(60), idp: "google" })],
    ["one whose claims are no object", () => made(["x"] as object)],
    ["one that is no JSON", () => "e30.e30.e30"],
    [
      "one with its claims exchanged",
      () => token().replace(/\.[^.]+\./, `.${made({ appid: "app:para", exp: seconds(9) }).split(".")[1]}.`),
    ],
    ["none at all", () => ""],
    ["an Isthmus access token", () => "0123456789abcdef0123456789abcdef01234567"],
  ])("refuses %s", async (_title, make) => {
    const answer = await bearer(make());
    expect(answer).toMatchObject({ status: 401, json: { code: 401, error: "invalid_token" } });
    expect(answer.headers["www-authenticate"]).toBe('Bearer error="invalid_token"');
  });

  test("an Isthmus access token is told which keys are wanted", async () => {
    const { token: opaque } = await api.account("eve");
    expect((await ask({ Authorization: `Bearer ${opaque}` }, { path: "/v1/thing" })).json).toMatchObject({
      message: "This address wants an app's keys; an Isthmus access token does not open it.",
      next_step: expect.stringContaining("isthmus things keys PRODUCT") as string,
    });
  });

  test("keys that were made anew end signatures and tokens", async () => {
    const old = token();
    expect(
      (await ask(signed({ method: "POST", path: "/v1/_newkeys" }), { method: "POST", path: "/v1/_newkeys" })).json,
    ).toEqual({
      accessKey: ACCESS_KEY,
      secretKey: expect.stringMatching(/^[\w+/]{54}==$/) as string,
      info: expect.any(String) as string,
    });
    expect((await bearer(old)).status).toBe(401);
    expect((await ask(signed())).status).toBe(403);
  });
});

describe("everybody else", () => {
  test.each([
    ["Anonymous app:weather", "/v1/thing"],
    ["Anonymous app:nobody", "/v1/thing"],
    [null, "/v1/thing?accessKey=app:weather"],
    [null, "/v1/thing/1?accessKey=app%3Anobody"],
    [null, "/v1/anything?accessKey=x"],
  ])("a guest (%s, %s) may do nothing, whatever the app", async (authorization, path) => {
    const answer = await ask(authorization === null ? {} : { Authorization: authorization }, { path });
    const where = path.split("?")[0]!;
    expect(answer).toMatchObject({
      status: 403,
      json: { code: 403, message: `You don't have permission to access this resource. [GET ${where}] [GUEST]` },
    });
  });

  test.each(["/v1/", "/v1/thing", "/v1/_me", "/v1/_batch", "/v1/_setup/other"])("%s asks who calls", async (path) => {
    const answer = await ask({}, { path });
    expect(answer).toMatchObject({ status: 401, json: { code: 401, error: "credentials_missing" } });
    expect(answer.headers["www-authenticate"]).toContain("AWS4-HMAC-SHA256");
  });

  test("is not let in by a scheme of another world", async () => {
    expect(await ask({ Authorization: "Basic YTpi" })).toMatchObject({ status: 401, json: { code: 401 } });
  });

  test("tries are counted as everybody's requests are", async () => {
    await api.app.close();
    api = createTestApi({ limits: { ...NO_LIMITS, address: 3, elapsed: () => 0 } });
    await addApps(api);
    origin = await api.listen();
    const wrong = signed({ credentials: { ...CREDENTIALS, secretAccessKey: "guess" } });
    for (let tries = 0; tries < 3; tries++) expect((await ask(wrong)).status).toBe(403);
    const refused = await ask(wrong);
    expect(refused).toMatchObject({ status: 429, json: { code: 429, error: "rate_limit_exceeded" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });
});

describe("behind a proxy", () => {
  const through = async (trustedProxies: readonly string[]): Promise<number> => {
    await api.app.close();
    api = createTestApi({ limits: { ...NO_LIMITS, trustedProxies } });
    await addApps(api);
    origin = await api.listen();
    const headers = signed({ host: "things.example.com" });
    return (await ask({ ...headers, Host: "127.0.0.1:1", "X-Forwarded-Host": "things.example.com" })).status;
  };

  test("the host that it forwards counts when it is trusted", async () => {
    expect(await through(["127.0.0.1"])).toBe(200);
  });

  test("and does not when it is not", async () => {
    expect(await through([])).toBe(403);
    expect(await through(["203.0.113.7"])).toBe(403);
  });

  test("a default port in the Host header is no part of what is signed", async () => {
    const headers = signed({ host: "things.example.com" });
    expect((await ask({ ...headers, Host: "things.example.com:443" })).status).toBe(200);
    expect((await ask({ ...headers, Host: "things.example.com:8443" })).status).toBe(403);
  });
});

describe("the framework's refusals in this face's shape", () => {
  const bearer = (): Record<string, string> => {
    const now = Math.floor(api.world.now / 1000);
    return { Authorization: `Bearer ${makeSuperToken(SECRET, { accessKey: ACCESS_KEY, now, expiresAt: now + 60 })}` };
  };
  const json = { "Content-Type": "application/json" };

  test.each([
    ["PATCH", "/v1/app/weather", "{", json, 400, "The body is not valid JSON."],
    ["PATCH", "/v1/app/weather", '"\uD800"', { "Content-Type": "application/xml" }, 415, /^Bodies are JSON/],
    [
      "PATCH",
      "/v1/app/weather",
      "name=x",
      { "Content-Type": "application/x-www-form-urlencoded" },
      415,
      /^Bodies are JSON/,
    ],
    ["PATCH", "/v1/app/weather", '{"__proto__":{"a":1}}', json, 400, "The body has a forbidden field."],
    ["PATCH", "/v1/app/weather", "[".repeat(100_000), json, 400, "The body is not valid JSON."],
    [
      "PATCH",
      "/v1/app/weather",
      `${"[".repeat(200)}${"]".repeat(200)}`,
      json,
      400,
      "The body is nested more than 100 deep.",
    ],
    [
      "PATCH",
      "/v1/app/weather",
      " ".repeat(1024 * 1024 + 1),
      json,
      400,
      "Request is too large - the maximum is 1024 KB.",
    ],
    ["PATCH", "/v1/app/weather", "[]", json, 400, "The body must be a JSON object."],
    ["PATCH", "/v1/_me", "", {}, 405, "Method not allowed"],
    ["GET", "/v1/_nothing", "", {}, 404, "HTTP 404 Not Found"],
    ["GET", "/v1/_me/more", "", {}, 404, "HTTP 404 Not Found"],
    ["GET", "/v1/app/%zz", "", {}, 400, "Malformed request"],
    ["GET", "/v1/weather/1", "", {}, 400, /^Objects of this type are not kept here: the types are thing and app\.$/],
    ["POST", "/v1/cats", "{}", json, 400, /^Objects of this type/],
    ["PUT", "/v1/_permissions/x", "{}", json, 400, /^There are no users/],
    ["POST", "/v1/app", "{}", json, 400, /_setup/],
  ])("%s %s with %j", async (method, path, body, headers, status, message) => {
    const answer = await send(origin, method, path, { ...bearer(), ...headers }, body);
    expect(answer).toMatchObject({ status, json: { code: status } });
    expect((answer.json as { message: string }).message).toMatch(message);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("compressed bodies and broken text are refused", async () => {
    const gzip = await send(
      origin,
      "PATCH",
      "/v1/app/weather",
      { ...bearer(), ...json, "content-encoding": "gzip" },
      "x",
    );
    expect(gzip).toMatchObject({ status: 415, json: { code: 415 } });
    const broken = await send(
      origin,
      "PATCH",
      "/v1/app/weather",
      { ...bearer(), ...json },
      Buffer.from([0x22, 0xff, 0x22]),
    );
    expect(broken).toMatchObject({ status: 400, json: { code: 400, message: "The body is not valid UTF-8." } });
  });

  test("nobody reaches the face by its inner address", async () => {
    for (const path of ["/para/v1/_me", "/%70ara/v1/_me", "//para/v1/_me"]) {
      expect(await send(origin, "GET", path, bearer())).toMatchObject({ status: 404, json: { ok: false } });
    }
  });
});
