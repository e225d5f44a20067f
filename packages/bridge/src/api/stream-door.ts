/** Where event streams are opened, whatever their route: one account of how many are open, of all and of one address. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "./api-error.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { createStreamLimit } from "./limits/stream-limit.ts";
import type { OpenStreams } from "./particle/open-streams.ts";

interface Entry {
  /** Rejects with an `ApiError` when who listens may not any more. */
  readonly review: () => Promise<unknown>;
  /** Starts the events; returns how to stop them. */
  readonly listen: (write: (chunk: Buffer) => void) => () => void;
}

/** Takes the answer over, or throws 429. Who may listen has been asked before. */
export type StreamDoor = (request: FastifyRequest, reply: FastifyReply, entry: Entry) => void;

export function createStreamDoor(
  app: FastifyInstance,
  { limits }: Pick<ApiDependencies, "limits">,
  streams: OpenStreams,
): StreamDoor {
  const perAddress = createStreamLimit(limits.streams, limits.elapsed);
  app.addHook("preClose", async () => streams.stop());

  return (request, reply, { review, listen }) => {
    const giveBack = perAddress.enter(request.ip);
    const opened = streams.open({
      response: reply.raw,
      headers: reply.getHeaders(),
      review,
      listen: (write) => {
        const leave = listen(write);
        // A stream is no request under way: it takes none of their places.
        app.server.maxConnections += 1;
        return () => {
          app.server.maxConnections -= 1;
          leave();
          giveBack();
        };
      },
    });
    if (!opened) {
      giveBack();
      throw tooManyStreams();
    }
    // One that was gone before it began is not told of its end.
    if (reply.raw.destroyed) giveBack();
    reply.hijack();
  };
}

function tooManyStreams(): ApiError {
  const body = { error: "rate_limit_exceeded", error_description: "Too many event streams are open. Try again later." };
  return new ApiError(429, body, { "retry-after": "30" });
}
