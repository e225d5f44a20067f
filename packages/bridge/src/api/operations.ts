/** For those who run the server: health, metrics, and where things are. */
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "./dependencies.ts";

const tags = ["operations"];

export function registerOperations(app: FastifyInstance, { health, metrics }: ApiDependencies): void {
  app.get(
    "/health/live",
    { config: { counted: "never" }, schema: { summary: "Whether the process works", tags } },
    async (_request, reply) => {
      const { live } = health();
      return reply.code(live ? 200 : 503).send({ live });
    },
  );

  app.get(
    "/health/ready",
    { config: { counted: "never" }, schema: { summary: "Whether events are taken", tags } },
    async (_request, reply) => {
      const { ready, reasons, warnings } = health();
      return reply.code(ready ? 200 : 503).send({ ready, reasons, warnings });
    },
  );

  app.get("/metrics", { schema: { summary: "Prometheus metrics", tags } }, async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(await metrics()),
  );

  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());

  app.get("/", { schema: { hide: true } }, async (request, reply) => {
    // A person came with a browser, a program with anything else.
    if ((request.headers.accept ?? "").includes("text/html")) return reply.redirect("/console/");
    return { name: "Isthmus", api: "/v1", console: "/console/", description: "/openapi.json", health: "/health/ready" };
  });
}
