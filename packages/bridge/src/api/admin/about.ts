/** Which server this is, and who the caller is to it. */
import type { FastifyInstance } from "fastify";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "../particle/iso-time.ts";

export function registerAbout(
  app: FastifyInstance,
  { directory, localHub, version, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const startedAt = now();
  const schema = { summary: "The server's release, and whether the caller runs it", tags: ["admin"] };
  app.get("/admin/v1/about", { onRequest: [requireTokenPlacement], schema }, async (request) => {
    const { accountId } = await authentication.account(request, "account");
    const account = await directory.account(accountId);
    return {
      version,
      node: process.versions.node,
      started_at: isoTime(startedAt),
      username: account?.username ?? null,
      operator: account?.operator ?? false,
      local_hub: localHub !== null,
    };
  });
}
