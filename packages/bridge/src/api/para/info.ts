/** What a client asks before anything else: whether the server is there, what it is, and who the client itself is. */
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "../dependencies.ts";
import { paraError } from "./para-error.ts";

const tags = ["para"];

export function registerParaInfo(app: FastifyInstance, { health }: Pick<ApiDependencies, "health">): void {
  const version = ownVersion();

  app.get("/v1", { schema: { summary: "What this server is", tags } }, async () => ({
    info: "Isthmus - Para's API for Things, kept in step with Azure IoT Hub",
    version,
  }));

  app.get(
    "/v1/_health",
    { config: { para: "public", counted: "never" }, schema: { summary: "Whether the server works", tags } },
    async () => {
      if (!health().ready) throw paraError(500, "unhealthy");
      return { message: "healthy" };
    },
  );
}

function ownVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
