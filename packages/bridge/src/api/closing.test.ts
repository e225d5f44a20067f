import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { fastify } from "fastify";
import { expect, test } from "vitest";
import { closePromptly } from "./closing.ts";
import { createTestApi } from "./testing/test-api.ts";

const A_DAY_MS = 24 * 60 * 60_000;

async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
}

test("a connection that never spoke does not hold up the close", async () => {
  const app = fastify();
  closePromptly(app, A_DAY_MS);
  const socket = await dial(await app.listen({ host: "127.0.0.1", port: 0 }));
  expect((await fetch(app.listeningOrigin)).status).toBe(404);
  const closed = once(socket, "close");
  await app.close();
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
  const start = performance.now();
  await api.app.close();
  // A request has thirty seconds otherwise.
  expect(performance.now() - start).toBeLessThan(20_000);
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
  await api.app.close();
  // An answer that were cut off after the grace would be an error.
  expect(await ended).toBe("\n");
});
