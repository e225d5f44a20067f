/** What clients ask for before they make an object: an id that nothing has, and the server's time. As text: ids do not fit into numbers. */
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "../dependencies.ts";

const tags = ["para"];

export function registerIdsAndTimes(
  app: FastifyInstance,
  { things, now }: Pick<ApiDependencies, "things" | "now">,
): void {
  app.get("/v1/utils/newid", { schema: { summary: "A new id", tags } }, async (_request, reply) =>
    reply.type("text/plain").send(things.newId()),
  );
  app.get(
    "/v1/utils/timestamp",
    { schema: { summary: "The time here, in milliseconds", tags } },
    async (_request, reply) => reply.type("text/plain").send(String(now())),
  );
}
