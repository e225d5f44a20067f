import { connect } from "node:tls";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { createHttpsServer } from "./front.ts";

const VERSION = "?api-version=2021-04-12";

/** Sends bytes over TLS and resolves with everything that came until the server closed. */
function exchange(hub: LocalHub, bytes: string, port: number = hub.addresses.httpsPort): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "localhost", port, ca: hub.addresses.ca }, () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? undefined : reject(error)));
  });
}

test("an error has code, text and tracking id in the form the SDKs read", async () => {
  await using hub = await startLocalHub();
  const answer = await hub.send({ path: `/devices/x${VERSION}`, headers: { authorization: hub.token() } });
  expect(answer.status).toBe(404);
  expect(answer.headers).toMatchObject({
    "iothub-errorcode": "DeviceNotFound",
    "content-type": "application/json; charset=utf-8",
  });
  expect(answer.headers["x-ms-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  const body = JSON.parse(answer.text) as Record<string, string>;
  expect(body["Message"]).toMatch(/^ErrorCode:DeviceNotFound;[^;]+$/);
  expect(body["ExceptionMessage"]).toMatch(/^Tracking ID:[0-9A-F]{32}-G:0-TimeStamp:\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/);
});

test.each([
  ["no api-version", "/devices/x", "iothubowner", 400, "InvalidProtocolVersion"],
  ["an unknown path", `/nothing/here${VERSION}`, "iothubowner", 404, "ResourceNotFound"],
  ["broken encoding in the path", `/devices/%ZZ${VERSION}`, "iothubowner", 400, "ArgumentInvalid"],
  ["a policy without RegistryRead", `/devices/x${VERSION}`, "service", 401, "IotHubUnauthorizedAccess"],
  ["a policy without ServiceConnect", `/twins/x${VERSION}`, "registryReadWrite", 401, "IotHubUnauthorizedAccess"],
])("%s is refused", async (_, path, policy, status, code) => {
  await using hub = await startLocalHub();
  const answer = await hub.send({ path, headers: { authorization: hub.token(policy) } });
  expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([status, code]);
});

test("a path may be encoded with its slashes, as Azure IoT Explorer does", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const headers = { authorization: hub.token() };
  for (const path of ["devices/d", "/twins/d", "devices/d/modules"]) {
    const answer = await hub.send({ path: `/${encodeURIComponent(path)}${VERSION}`, headers });
    expect(answer.status).toBe(200);
  }
});

test("a method that a path does not have is refused as such", async () => {
  await using hub = await startLocalHub();
  const answer = await hub.send({
    method: "PATCH",
    path: `/devices/x${VERSION}`,
    headers: { authorization: hub.token() },
  });
  expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([405, "MethodNotAllowed"]);
});

test("registryRead reads and does not write", async () => {
  await using hub = await startLocalHub();
  await hub.registry("registryReadWrite").create({ deviceId: "d" });
  const reader = hub.registry("registryRead");
  expect((await reader.get("d")).responseBody.deviceId).toBe("d");
  await expect(reader.create({ deviceId: "e" })).rejects.toMatchObject({ name: "UnauthorizedError" });
  await expect(reader.delete("d")).rejects.toMatchObject({ name: "UnauthorizedError" });
  await expect(reader.getTwin("d")).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test("tokens that are missing, expired, for another host or with another key are refused", async () => {
  let now = Date.now();
  await using hub = await startLocalHub({ now: () => now });
  const key = hub.addresses.policies["iothubowner"] ?? "";
  const seconds = Math.floor(now / 1000);
  const make = (host: string, policy: string, withKey: string, expiry: number): string =>
    SharedAccessSignature.create(host, policy, withKey, expiry).toString();
  const status = async (authorization?: string): Promise<number> =>
    (
      await hub.send({
        path: `/devices${VERSION}`,
        ...(authorization === undefined ? {} : { headers: { authorization } }),
      })
    ).status;
  expect(await status()).toBe(401);
  expect(await status("Bearer x")).toBe(401);
  expect(await status(make("localhost", "iothubowner", key, seconds + 60))).toBe(200);
  expect(await status(make("LOCALHOST:8443", "iothubowner", key, seconds + 60))).toBe(200);
  expect(await status(make("other.azure-devices.net", "iothubowner", key, seconds + 60))).toBe(401);
  expect(await status(make("localhost", "unknown", key, seconds + 60))).toBe(401);
  expect(await status(make("localhost", "iothubowner", Buffer.alloc(32).toString("base64"), seconds + 60))).toBe(401);
  // The service SDK's first token expires in milliseconds instead of seconds.
  expect(await status(make("localhost", "iothubowner", key, now))).toBe(200);
  now += 5 * 60_000;
  expect(await status(make("localhost", "iothubowner", key, seconds + 60))).toBe(200);
  now += 2 * 60_000;
  expect(await status(make("localhost", "iothubowner", key, seconds + 60))).toBe(401);
});

test("a body over the limit is refused whether or not its length is told", async () => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token() };
  const told = await exchange(
    hub,
    `PUT /devices/d${VERSION} HTTP/1.1\r\nHost: x\r\nAuthorization: ${headers.authorization}\r\nContent-Length: 1000000000\r\n\r\n`,
  );
  expect(told).toMatch(/^HTTP\/1\.1 413 /);
  const untold = await exchange(
    hub,
    `PUT /devices/d${VERSION} HTTP/1.1\r\nHost: x\r\nAuthorization: ${headers.authorization}\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `11000\r\n${"x".repeat(0x11000)}\r\n`,
  );
  expect(untold).toMatch(/^HTTP\/1\.1 413 /);
  expect(hub.emulator.hub.registry.find("d")).toBeUndefined();
});

test("a client that sends a whole body before it reads gets its refusal, and goes on", async () => {
  await using hub = await startLocalHub();
  const head = `PUT /devices/d${VERSION} HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n`;
  const text = await exchange(
    hub,
    `${head}${"x".repeat(600_000)}GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 401", "HTTP/1.1 200"]);
});

test("JSON that is broken, or no UTF-8, is refused", async () => {
  await using hub = await startLocalHub();
  for (const body of ["{", "", Buffer.from([0x22, 0xff, 0x22])]) {
    const headers = { authorization: hub.token() };
    const answer = await hub.send({ method: "PUT", path: `/devices/d${VERSION}`, headers, body });
    expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([400, "DeserializationError"]);
  }
});

test("bytes that are no HTTP, and headers without end, end the connection and nothing else", async () => {
  await using hub = await startLocalHub();
  expect(await exchange(hub, "\u0000\u0001garbage\r\n\r\n")).toMatch(/^(HTTP\/1\.1 400 |$)/);
  expect(await exchange(hub, `GET / HTTP/1.1\r\nX: ${"a".repeat(100_000)}`)).toMatch(/^(HTTP\/1\.1 431 |$)/);
  expect((await hub.send({ path: "/health" })).status).toBe(200);
});

test("a client that does not finish its request is cut off", async () => {
  await using hub = await startLocalHub();
  const { emulator, addresses } = hub;
  const { readFile } = await import("node:fs/promises");
  const { dirname, join } = await import("node:path");
  const folder = dirname(addresses.caFile);
  const [certificate, privateKey] = await Promise.all(
    ["server.pem", "server-key.pem"].map((name) => readFile(join(folder, name), "utf8")),
  );
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200 };
  const server = createHttpsServer(
    { certificate: certificate ?? "", privateKey: privateKey ?? "", ...limits },
    () => undefined,
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  expect(await exchange(hub, "GET / HTTP/1.1\r\nHost", port)).toMatch(/^(HTTP\/1\.1 408 |$)/);
  expect(await exchange(hub, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", port)).toMatch(
    /^(HTTP\/1\.1 408 |$)/,
  );
  await new Promise((resolve) => server.close(resolve));
  expect(emulator.hub.hostName).toBe("localhost");
});

test("a plain request to a path of WebSocket hears what is spoken there", async () => {
  await using hub = await startLocalHub();
  for (const path of ["/$iothub/websocket", "/$servicebus/websocket"]) {
    const { status, text } = await hub.send({ path });
    expect([path, status]).toEqual([path, 400]);
    expect(text).toContain("AMQPWSB10");
  }
});

test("anyone may read the description and the health, and neither holds a key", async () => {
  await using hub = await startLocalHub();
  const about = await hub.send({ path: "/" });
  expect(about.status).toBe(200);
  for (const key of Object.values(hub.addresses.policies)) expect(about.text).not.toContain(key);
  expect(JSON.parse((await hub.send({ path: "/health" })).text)).toEqual({ status: "ok" });
});

test("one connection serves request after request, refused ones among them", async () => {
  await using hub = await startLocalHub();
  const get = (path: string, last: boolean): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${last ? "Connection: close\r\n" : ""}\r\n`;
  const text = await exchange(hub, get("/health", false) + get(`/devices${VERSION}`, false) + get("/health", true));
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 401", "HTTP/1.1 200"]);
});
