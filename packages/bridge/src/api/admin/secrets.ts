/** The key that seals all secrets of this server: made anew by the operator. */
import type { FastifyInstance } from "fastify";
import { ApiError } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { requireOperator } from "../ownership.ts";

export function registerSecrets(
  app: FastifyInstance,
  { directory, rotateSecrets, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "Seal all secrets anew under a new key", tags: ["admin"] };
  app.post("/admin/v1/secrets/rotate", { onRequest: [requireTokenPlacement], schema }, async (request) => {
    const { accountId } = await authentication.account(request, "account");
    await requireOperator(directory, accountId, "Only the operator of this server changes its key");
    const resealed = await rotateSecrets().catch((error: unknown) => {
      throw refusalOf(error);
    });
    log.info({ accountId, resealed }, "secrets.rotated");
    return { ok: true, resealed };
  });
}

/** The operator who keeps the key outside changes it there; the store says where. */
function refusalOf(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code !== "secret_key_not_ours" || typeof message !== "string") return error;
  const [sentence = message, step = ""] = message.split(/: (.*)/s);
  return new ApiError(409, { ok: false, error: sentence, code, next_step: step });
}
