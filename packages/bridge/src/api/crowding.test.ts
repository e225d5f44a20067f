import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createTestApi } from "./testing/test-api.ts";

const REQUEST = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

test("connections that ask nothing make room for those that do", async () => {
  const api = createTestApi();
  onTestFinished(() => api.app.close());
  const { port } = new URL(await api.listen());
  api.app.server.maxConnections = 3;
  const idle: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = connect(Number(port), "127.0.0.1");
    idle.push(socket);
    socket.write(REQUEST);
    await once(socket, "data");
  }
  const ended = idle.map((socket) => once(socket, "close"));
  const turnedAway = connect(Number(port), "127.0.0.1");
  turnedAway.on("error", () => undefined);
  await Promise.all(ended);
  const next = connect(Number(port), "127.0.0.1");
  onTestFinished(() => void next.destroy());
  next.write(REQUEST);
  const [answer] = (await once(next, "data")) as [Buffer];
  expect(answer.toString()).toContain("200 OK");
});
