/** Requests for devices that other accounts have: made by claiming with `request_transfer`, answered here by the owner. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Transfer } from "../../core/transfer.ts";
import { notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "../particle/iso-time.ts";

interface OfTransfer {
  Params: { id: string };
}

const tags = ["admin"];
const MAX_ID_LENGTH = 128;

export function registerTransfers(
  app: FastifyInstance,
  { directory, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function transferOf(
    request: FastifyRequest<OfTransfer>,
  ): Promise<{ readonly transfer: Transfer; readonly accountId: string }> {
    const { accountId } = await authentication.account(request, "account");
    const { id } = request.params;
    const transfer = id.length > MAX_ID_LENGTH ? null : await directory.transfer(id);
    if (transfer === null || ![transfer.ownerId, transfer.requesterId].includes(accountId)) throw notFound("Transfer");
    return { transfer, accountId };
  }

  app.get("/admin/v1/transfers", route("Requests for own devices, and own requests"), async (request) => {
    const { accountId } = await authentication.account(request, "account");
    const transfers = await directory.transfersOf(accountId);
    return { transfers: await Promise.all(transfers.map((transfer) => json(transfer, accountId))) };
  });

  app.post<OfTransfer>("/admin/v1/transfers/:id/accept", route("Give the device to who asks"), async (request) => {
    const { transfer, accountId } = await transferOf(request);
    // Who asks cannot answer for the owner.
    if (transfer.ownerId !== accountId) throw notFound("Transfer");
    if (!(await directory.acceptTransfer(transfer.id))) throw refusal(409, "The device cannot be given away any more");
    log.info({ transferId: transfer.id, deviceId: transfer.deviceId }, "transfer.accepted");
    return { ok: true, device_id: transfer.deviceId };
  });

  app.delete<OfTransfer>("/admin/v1/transfers/:id", route("Refuse a request, or take it back"), async (request) => {
    const { transfer } = await transferOf(request);
    await directory.refuseTransfer(transfer.id);
    log.info({ transferId: transfer.id, deviceId: transfer.deviceId }, "transfer.refused");
    return { ok: true };
  });

  async function json(transfer: Transfer, accountId: string): Promise<Record<string, unknown>> {
    const requester = await directory.account(transfer.requesterId);
    return {
      id: transfer.id,
      device_id: transfer.deviceId,
      requested_by: requester?.username ?? null,
      waits_for: transfer.ownerId === accountId ? "you" : "owner",
      requested_at: isoTime(transfer.requestedAt),
    };
  }
}
