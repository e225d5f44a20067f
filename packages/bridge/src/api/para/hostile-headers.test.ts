/** Whatever stands in the headers that are read before anybody is known: a clear no, never a fault of the server. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = createTestApi();
  const { id } = await api.account("ada");
  const product = await api.directory.createProduct({ ownerId: id, name: "W", slug: "weather", description: "" });
  await api.appKeys.renewAppSecret(product!.id, "s3cr3t");
  await api.app.ready();
});
afterAll(() => api.app.close());

const text = fc.string({ maxLength: 60 }).map((all) => all.replaceAll(/[^\u0020-\u007e]/g, "~"));
const base64 = fc
  .oneof(
    fc.json(),
    text,
    fc.object({ maxDepth: 1 }).map((claims) => JSON.stringify({ appid: "app:weather", exp: 9e9, ...claims })),
  )
  .map((all) => Buffer.from(all).toString("base64url"));
const headers = fc.constantFrom(
  "host;x-amz-date",
  "host",
  "",
  ";;;",
  "x-amz-date;host;host;authorization",
  "constructor;__proto__",
  "__proto__;constructor;host;x-amz-date",
);
const authorization = fc.oneof(
  text,
  text.map((all) => `AWS4-HMAC-SHA256 ${all}`),
  text.map((all) => `Anonymous ${all}`),
  fc
    .tuple(
      fc.constantFrom("app:weather", "weather", "app:", "__proto__", "app:1", "%00", "a".repeat(300)),
      text,
      headers,
    )
    .map(([key, scope, names]) => {
      const signature = "0".repeat(64);
      return `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    }),
  fc.tuple(base64, base64, base64).map((parts) => `Bearer ${parts.join(".")}`),
  fc
    .tuple(fc.constantFrom({ alg: "HS256" }, { alg: "none" }, { alg: ["HS256"] }, []), base64, base64)
    .map(
      ([head, ...parts]) => `Bearer ${[Buffer.from(JSON.stringify(head)).toString("base64url"), ...parts].join(".")}`,
    ),
);
const date = fc.oneof(
  text,
  fc.constant("20260301T120000Z"),
  fc.constant("20260230T990000Z"),
  fc.constant("99991231T235959Z"),
);
const path = fc.constantFrom(
  "/v1/_me",
  "/v1/thing",
  "/v1/app/x",
  "/v1/_batch?ids=a&ids=b&&=&%zz=%",
  "/v1/thing/%F0%9F%8C%A7",
  "/v1//",
);

test("every header that a stranger may send is answered 400, 401, 403 or 404 in this face's shape", async () => {
  await fc.assert(
    fc.asyncProperty(
      authorization,
      date,
      path,
      fc.option(text, { nil: undefined }),
      async (credentials, at, url, body) => {
        const answer = await api.app.inject({
          method: body === undefined ? "GET" : "POST",
          url,
          headers: { authorization: credentials, "x-amz-date": at, "content-type": "application/json" },
          ...(body !== undefined && { payload: body }),
        });
        expect([400, 401, 403, 404, 405]).toContain(answer.statusCode);
        const json = answer.json<{ code?: number; message?: string; ok?: boolean }>();
        // Credentials that are none of Para's lead to the other face where the address is no one of Para's alone.
        expect(json.code ?? answer.statusCode).toBe(answer.statusCode);
        expect(answer.body).not.toContain("s3cr3t");
      },
    ),
    { numRuns: 400 },
  );
});
