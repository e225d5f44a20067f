/** The vectors of a foreign signer, and the same signer asked for anything. */
import { createHash, createHmac } from "node:crypto";
import { sign } from "aws4";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SignedRequest } from "./canonical-request.ts";
import { isSignedWith, parseSignature, signingTime } from "./signature.ts";

const DATE = "20260101T000000Z";
const SECRET = "s3cr3t";
const HOST = "localhost:8080";
const JSON_TYPE = "application/json; charset=UTF-8";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** As the JavaScript client signs. */
function signedByAws4({ method, path, body, headers = {} }: Sent, secret = SECRET): Record<string, string> {
  const type = body === undefined ? {} : { "Content-Type": JSON_TYPE };
  const request = {
    host: HOST,
    method,
    path,
    service: "para",
    region: "us-east-1",
    headers: { Host: HOST, "X-Amz-Date": DATE, ...type, ...headers },
    ...(body !== undefined && { body }),
  };
  const signed = sign(request, { accessKeyId: "app:myapp", secretAccessKey: secret });
  return Object.fromEntries(
    Object.entries(signed.headers!).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

function arrived({ method, path, body = "" }: Sent, headers: Record<string, string>): SignedRequest {
  return { method, url: path, headers, hosts: [HOST], body: Buffer.from(body) };
}

function verify(sent: Sent, headers: Record<string, string>, secret = SECRET): boolean {
  return isSignedWith(secret, DATE, arrived(sent, headers), parseSignature(headers["authorization"]!)!);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

const CREDENTIAL = "Credential=app:myapp/20260101/us-east-1/para/aws4_request";
const BARE = "host;x-amz-date";

test.each([
  [
    { method: "POST", path: "/v1/thing", body: '{"name":"MyThing"}' },
    "content-length;content-type;host;x-amz-date",
    "db97119d0b3eb23a990cca41931d7460b31acfce34c95e213f6b362b42793bb7",
  ],
  [
    { method: "GET", path: "/v1/_batch?ids=a%20b" },
    BARE,
    "6508c2556c994dfe2de0b995ba2ea47b312c08a31a5e581f37478b7d3463801e",
  ],
  [
    { method: "GET", path: "/v1/_batch?ids=a+b" },
    BARE,
    "6508c2556c994dfe2de0b995ba2ea47b312c08a31a5e581f37478b7d3463801e",
  ],
  [
    { method: "GET", path: "/v1/thing/id%20with%2Fslash" },
    BARE,
    "4587966424f0c63b15265784eecff4b086ae5b350eddab9807986572838a5db5",
  ],
  [
    { method: "DELETE", path: "/v1/thing/123" },
    BARE,
    "a63c956ff3a8233b832b46ad24832a8ce82b72ad18c6cd077c56e02947eb1f78",
  ],
  [{ method: "POST", path: "/v1/_newkeys" }, BARE, "37d5c0ecd23c3f4c49e0bee35d5dab93e545e57126a64f3ad125f8f4175fa878"],
])("the signature of %j is known", (sent: Sent, signedHeaders, signature) => {
  const headers = {
    host: HOST,
    "x-amz-date": DATE,
    ...(sent.body !== undefined && {
      "content-type": JSON_TYPE,
      "content-length": String(Buffer.byteLength(sent.body)),
    }),
    authorization: `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
  expect(verify(sent, headers)).toBe(true);
  expect(verify({ ...sent, method: "PATCH" }, headers)).toBe(false);
  expect(verify({ ...sent, path: `${sent.path}x` }, headers)).toBe(false);
  expect(verify({ ...sent, body: `${sent.body ?? ""}x` }, headers)).toBe(false);
  expect(verify(sent, { ...headers, "x-amz-date": "20260101T000001Z" })).toBe(false);
  expect(verify(sent, headers, "s3cr3T")).toBe(false);
});

describe("whatever aws4 signs is recognised, and nothing else", () => {
  const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((text) => !/^\.{1,2}$/.test(text));
  const query = fc.array(fc.tuple(fc.constantFrom("ids", "q", "a b", "Z", "terms", "ß", "_"), piece), { maxLength: 6 });

  test("paths, queries and bodies of any text", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 3 }),
        query,
        piece,
        fc.boolean(),
        (pieces, pairs, body, plus) => {
          const encoded = (text: string): string => {
            const safe = encodeURIComponent(text);
            return plus ? safe.replaceAll("%20", "+") : safe;
          };
          const search = pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
          const path = `/v1/${pieces.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
          const sent = { method: "PUT", path, body };
          const headers = signedByAws4(sent);
          expect(verify(sent, headers)).toBe(true);
          expect(verify({ ...sent, body: `${body} ` }, headers)).toBe(false);
          expect(verify(sent, headers, "another")).toBe(false);
        },
      ),
    );
  });

  test("headers of any value", () => {
    const value = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\u0020-\u007e]/g, " "));
    fc.assert(
      fc.property(value, value, (one, two) => {
        const sent = { method: "GET", path: "/v1/_me", headers: { "X-A": one, "x-b": two } };
        const headers = signedByAws4(sent);
        expect(verify(sent, headers)).toBe(true);
        expect(verify(sent, { ...headers, "x-a": `${one}!` })).toBe(false);
      }),
    );
  });
});

test("of a repeated parameter the first value alone may be signed, or all", () => {
  const repeated = { method: "GET", path: "/v1/_batch?ids=a&ids=b&ids=c" };
  expect(verify(repeated, signedByAws4(repeated))).toBe(true);
  const firstAlone = signedByAws4({ method: "GET", path: "/v1/_batch?ids=a" });
  expect(verify(repeated, firstAlone)).toBe(true);
  expect(verify({ method: "GET", path: "/v1/_batch?ids=b&ids=a" }, firstAlone)).toBe(false);
});

test.each([
  ["as it is sent, in its own order, as older curl does", "q=name:a b&limit=1", "q=name:a b&limit=1"],
  [
    "by the first values as they are sent, encoded once more, as Python's client does",
    "type=thing&terms=name%3Aa+b&terms=type%3Athing",
    "terms=name%253Aa%2Bb&type=thing",
  ],
])("the query may be signed %s", (_how, sent, signed) => {
  const path = `/v1/things?${sent}`;
  const canonical = ["GET", "/v1/things", signed, `host:${HOST}`, `x-amz-date:${DATE}`, "", BARE, hash("")].join("\n");
  const text = ["AWS4-HMAC-SHA256", DATE, "20260101/us-east-1/para/aws4_request", hash(canonical)].join("\n");
  const key = ["20260101", "us-east-1", "para", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  const signature = hmac(key, text).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=${BARE}, Signature=${signature}`;
  const headers = { host: HOST, "x-amz-date": DATE, authorization };
  expect(verify({ method: "GET", path }, headers)).toBe(true);
  expect(verify({ method: "GET", path: path.replace("name", "game") }, headers)).toBe(false);
});

test("host and date must be signed, for para in us-east-1, on the day of the date", () => {
  const sent = { method: "GET", path: "/v1/_me" };
  const headers = signedByAws4(sent);
  const given = parseSignature(headers["authorization"]!)!;
  const good = (change: object): boolean => isSignedWith(SECRET, DATE, arrived(sent, headers), { ...given, ...change });
  expect(good({})).toBe(true);
  expect(good({ signedHeaders: ["host"] })).toBe(false);
  expect(good({ signedHeaders: ["x-amz-date"] })).toBe(false);
  expect(good({ scope: "20260102/us-east-1/para/aws4_request" })).toBe(false);
  expect(good({ scope: "20260101/eu-west-1/para/aws4_request" })).toBe(false);
});

test.each([
  "",
  "AWS4-HMAC-SHA256",
  "AWS4-HMAC-SHA256 Credential=app:x",
  `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=host, Signature=`,
  `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=host, Signature=${"z".repeat(64)}`,
  `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=${"a;".repeat(100)}, Signature=${"a".repeat(64)}`,
])("'%s' is no signature", (header) => {
  expect(parseSignature(header)).toBeNull();
});

test.each([
  ["20260101T000000Z", Date.UTC(2026, 0, 1)],
  ["20261301T000000Z", null],
  ["2026-01-01T00:00:00Z", null],
  ["", null],
  [undefined, null],
])("the time of %s is %s", (date, time) => {
  expect(signingTime(date)).toBe(time);
});
