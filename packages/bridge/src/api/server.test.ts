/** The server as a stranger on the network meets it. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";
import { memoryTaken } from "../testing/memory.ts";

let api: TestApi;
let url: string;

beforeEach(async () => {
  api = createTestApi();
  url = await api.listen();
});

afterEach(() => api.app.close());

async function dial(): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const answer = new Promise<string>((resolve) => {
    socket.once("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  return { socket, answer };
}

test("headers that trickle in are cut off after ten seconds", async () => {
  const { socket, answer } = await dial();
  const start = performance.now();
  socket.write("POST /v1/devices/events HTTP/1.1\r\nHost: a\r\n");
  const trickle = setInterval(() => socket.write("X-A: b\r\n"), 500);
  const text = await answer.finally(() => clearInterval(trickle));
  const seconds = (performance.now() - start) / 1000;
  expect(text).toMatch(/^HTTP\/1\.1 408 [\s\S]*\{"ok":false,"error":"The request took too long to arrive"\}$/);
  expect(seconds).toBeGreaterThan(9);
  // A whole request has thirty.
  expect(seconds).toBeLessThan(25);
});

test("a body that pretends to be small is cut at what it announced", async () => {
  const { socket, answer } = await dial();
  socket.write("POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n");
  socket.write("Connection: close\r\nContent-Length: 3\r\n\r\nabcdef");
  expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
});

test.each([
  ["no HTTP at all", "\u0016\u0003\u0001\u0002", 400, "Malformed request"],
  [
    "too large headers",
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    431,
    "The request's headers are too large",
  ],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    400,
    "Malformed request",
  ],
  [
    "length and chunks",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    "Malformed request",
  ],
])("%s is answered in JSON and the connection closed", async (_title, sent, status, error) => {
  const { socket, answer } = await dial();
  socket.write(sent);
  const text = await answer;
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(text.split("\r\n\r\n")[1]).toBe(JSON.stringify({ ok: false, error }));
});

test.each([
  ["no host", "GET /v1/user HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "The request has no Host header"],
  [
    "a strange expectation",
    "POST /v1/devices/events HTTP/1.1\r\nHost: a\r\nExpect: gold\r\nContent-Length: 1\r\n\r\nx",
    417,
    "The only expectation that is understood is 100-continue",
  ],
])("a request with %s is answered in JSON", async (_title, sent, status, error) => {
  const { socket, answer } = await dial();
  socket.write(sent);
  const text = await answer;
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(text).toContain(JSON.stringify({ ok: false, error }));
});

test("a device that speaks HTTP/1.0 needs no Host header", async () => {
  const { socket, answer } = await dial();
  socket.write("GET /health/live HTTP/1.0\r\n\r\n");
  expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
});

test.each(["/v1/devices/", "//v1/devices", "/v1/webhooks/", "/v1/products/?page=1"])(
  "the slash too many of %s does no harm",
  async (path) => {
    const { token } = await api.account("ada");
    expect((await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  },
);

test.each(["/v1/devices/events", "/oauth/token", "/v1/products/x/devices"])(
  "100 MB of garbage to %s are refused without being held",
  async (path) => {
    const { token } = await api.account("ada");
    const { socket, answer } = await dial();
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const piece = Buffer.alloc(1024 * 1024, "a");
    const flowing = (): Promise<void> =>
      new Promise((resolve) => {
        socket.once("drain", resolve);
        socket.once("close", () => resolve());
      });
    const taken = await memoryTaken(async (look) => {
      for (let sent = 0; sent < 100 && !socket.destroyed; sent++) {
        socket.write(`${piece.length.toString(16)}\r\n`);
        socket.write(piece);
        if (!socket.write("\r\n")) await flowing();
        if (sent % 20 === 19) await look();
      }
    });
    socket.end();
    // The answer is lost when the cut overtakes it, as TCP has it.
    expect(await answer).toMatch(/^(HTTP\/1\.1 413 |$)/);
    expect(taken).toBeLessThan(16 * 1024 * 1024);
  },
);

test("health and readiness tell the truth", async () => {
  expect((await api.app.inject("/health/live")).json()).toEqual({ live: true });
  expect((await api.app.inject("/health/ready")).json()).toEqual({ ready: true, reasons: [], warnings: [] });
  api.world.ready = false;
  const notReady = await api.app.inject("/health/ready");
  expect(notReady.statusCode).toBe(503);
  expect(notReady.json()).toEqual({ ready: false, reasons: ["The disk is full."], warnings: [] });
});

test("metrics are text for Prometheus", async () => {
  const { headers, body } = await api.app.inject("/metrics");
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toContain("isthmus_up 1");
});

test("the OpenAPI document names the routes and the way to sign in", async () => {
  const document = (await api.app.inject("/openapi.json")).json<{ openapi: string; paths: Record<string, object> }>();
  expect(document.openapi).toMatch(/^3\./);
  expect(document.paths["/v1/devices/events"]).toHaveProperty("post");
  expect(document.paths["/v1/products/{product}/integrations/{id}"]).toHaveProperty("put");
  expect(Object.keys(document.paths)).not.toContain("/v1/orgs");
});

test("every answer forbids sniffing, framing and caching, and invites no other origin", async () => {
  const answers = [
    await api.app.inject("/"),
    await api.app.inject("/nothing"),
    await api.app.inject({ url: "/v1/devices", headers: { origin: "https://example.com" } }),
  ];
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});

test("a method that a path does not have is answered with those that it has", async () => {
  const refused = await api.app.inject({ method: "PUT", url: "/v1/devices" });
  expect(refused.statusCode).toBe(405);
  expect(refused.headers["allow"]).toBe("GET, HEAD, POST");
});
