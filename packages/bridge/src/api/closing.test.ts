import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
}

async function closingTime(api: TestApi): Promise<number> {
  const start = performance.now();
  await api.app.close();
  return performance.now() - start;
}

test("a connection that never spoke does not hold up the close", async () => {
  const api = createTestApi();
  const socket = await dial(await api.listen());
  await fetch(`${api.app.listeningOrigin}/health/live`);
  const closed = once(socket, "close");
  expect(await closingTime(api)).toBeLessThan(2_000);
  await closed;
});

test("a request that never ends is cut off after the grace", async () => {
  const api = createTestApi();
  const { token } = await api.account("ada");
  const socket = await dial(await api.listen());
  const arrived = new Promise((resolve) => api.app.server.once("request", resolve));
  socket.write(
    `POST /v1/devices/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
      "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  await arrived;
  const closed = once(socket, "close");
  expect(await closingTime(api)).toBeLessThan(6_000);
  await closed;
});

test("whoever watches a hub is let go", async () => {
  const api = createTestApi();
  const url = await api.listen();
  const { token } = await api.account("ada");
  const headers = { authorization: `Bearer ${token}` };
  const watching = await fetch(`${url}/admin/v1/hubs/local/monitor-events`, { headers });
  expect(watching.status).toBe(200);
  const ended = watching.text();
  expect(await closingTime(api)).toBeLessThan(2_000);
  expect(await ended).toBe("\n");
});
