/**
 * What happens when all places for connections are taken: those that are kept open and ask nothing make room. Otherwise one
 * client that keeps many open could shut everybody else out; honest ones connect again with their next request.
 */
import type { FastifyInstance } from "fastify";

const PAUSE_MS = 1_000;

export function makeRoomWhenFull(app: FastifyInstance, elapsed: () => number): void {
  let last = -Infinity;
  app.server.on("drop", () => {
    if (elapsed() - last < PAUSE_MS) return;
    last = elapsed();
    app.server.closeIdleConnections();
  });
}
