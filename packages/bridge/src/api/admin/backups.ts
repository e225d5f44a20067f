/** A copy of all data for the operator, made and sent while all goes on. */
import { createReadStream } from "node:fs";
import type { FastifyInstance } from "fastify";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { requireOperator } from "../ownership.ts";

export function registerBackups(
  app: FastifyInstance,
  { directory, backUp, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "A copy of the database, as it is now", tags: ["admin"] };
  app.get("/admin/v1/backup", { onRequest: [requireTokenPlacement], schema }, async (request, reply) => {
    const { accountId } = await authentication.account(request, "account");
    await requireOperator(directory, accountId, "Only the operator of this server may copy its data");
    const { file, bytes, remove } = await backUp();
    log.info({ accountId, bytes }, "backup.made");
    const content = createReadStream(file);
    // However it ends: read to its end, or left by who asked.
    content.once(
      "close",
      () => void remove().catch((error: unknown) => log.warn({ reason: String(error) }, "backup.left")),
    );
    return reply
      .header("content-disposition", 'attachment; filename="isthmus.db"')
      .header("content-length", bytes)
      .type("application/vnd.sqlite3")
      .send(content);
  });
}
