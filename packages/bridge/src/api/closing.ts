/** Closing without waiting for those who have nothing to say: requests under way are finished, silent connections are not awaited. */
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

const GRACE_MS = 3_000;

/** What is still under way after `graceMs` is cut off. */
export function closePromptly(app: FastifyInstance, graceMs: number = GRACE_MS): void {
  // Node closes idle connections by itself, but not those that never sent a request.
  const silent = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  app.server.on("request", ({ socket }) => silent.delete(socket));
  app.addHook("preClose", async () => {
    for (const socket of silent) socket.destroy();
    const deadline = setTimeout(() => app.server.closeAllConnections(), graceMs).unref();
    app.server.once("close", () => clearTimeout(deadline));
  });
}
