/** An account's own devices. */
import type { FastifyInstance } from "fastify";
import { isCloudDeviceId } from "../../core/device.ts";
import { badRequest, permissionDenied } from "../api-error.ts";
import { fieldsOf, optionalFlag, requiredText } from "../bodies.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownDevice, ownProduct } from "../ownership.ts";
import { pingDevice, signalDevice, signalIn } from "./device-attention.ts";
import { applyDeviceChange, deviceChangeOf } from "./device-change.ts";
import { deviceJson } from "./device-json.ts";
import { createDeviceViews, lastContact } from "./device-views.ts";

interface ByDevice {
  Params: { idOrName: string };
}

const tags = ["devices"];

export function registerDevices(
  app: FastifyInstance,
  { directory, deviceLinks, thingRecords, things, now, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const views = createDeviceViews(directory, deviceLinks, thingRecords);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get("/v1/devices", route("Own devices"), async (request) => {
    const { accountId } = await authentication.account(request, "account");
    const devices = await views.many(await directory.devicesOf(accountId));
    return devices.toSorted((a, b) => lastContact(b) - lastContact(a)).map(deviceJson);
  });

  app.post("/v1/devices", route("Claim a device, or make a new one"), async (request) => {
    const caller = await authentication.account(request, "account");
    const fields = fieldsOf(request);
    const id = requiredText(fields, "id", 128).toLowerCase();
    if (!isCloudDeviceId(id)) throw badRequest("id must be 24 hexadecimal digits");
    const wantsTransfer = optionalFlag(fields, "request_transfer") === true;
    await refuseForeignFleet(caller, id);
    if ((await directory.claimDevice(caller.accountId, id)) === "claimed") {
      return { ok: true, id, connected: deviceLinks.link(id) !== null };
    }
    if (!wantsTransfer) throw belongsToOther();
    const transfer = await directory.requestTransfer(id, caller.accountId);
    if (transfer === null) throw belongsToOther();
    log.info({ transferId: transfer.id, deviceId: id }, "transfer.requested");
    return { ok: true, transfer_id: transfer.id };
  });

  app.get<ByDevice>("/v1/devices/:idOrName", route("One device"), async (request) => {
    const caller = await authentication.account(request, "account");
    return deviceJson(await views.one(await ownDevice(directory, caller, request.params.idOrName)));
  });

  app.put<ByDevice>(
    "/v1/devices/:idOrName",
    route("Rename a device, set its notes, or let it signal"),
    async (request) => {
      const caller = await authentication.account(request, "account");
      const device = await ownDevice(directory, caller, request.params.idOrName);
      const fields = fieldsOf(request);
      const signaling = signalIn(fields);
      if (signaling !== null) return signalDevice(deviceLinks, device, signaling, now());
      return applyDeviceChange(directory, device, deviceChangeOf(fields, "sandbox"), { now: now(), things });
    },
  );

  app.put<ByDevice>("/v1/devices/:idOrName/ping", route("Whether a device is there"), async (request) => {
    const caller = await authentication.account(request, "account");
    return pingDevice(deviceLinks, await ownDevice(directory, caller, request.params.idOrName));
  });

  app.delete<ByDevice>("/v1/devices/:idOrName", route("Release a device"), async (request) => {
    const caller = await authentication.account(request, "account");
    const device = await ownDevice(directory, caller, request.params.idOrName);
    await directory.unclaimDevice(device.id);
    return { ok: true };
  });

  app.post<ByDevice>("/v1/devices/:idOrName/token", route("Make a token for a device"), async (request, reply) => {
    const caller = await authentication.account(request, "account");
    const device = await ownDevice(directory, caller, request.params.idOrName);
    return reply.code(201).send({ token: await directory.createDeviceToken(device.id) });
  });

  app.delete<ByDevice>("/v1/devices/:idOrName/token", route("Revoke a device's tokens"), async (request) => {
    const caller = await authentication.account(request, "account");
    const device = await ownDevice(directory, caller, request.params.idOrName);
    return { ok: true, revoked: await directory.revokeDeviceTokens(device.id) };
  });

  /** Claiming gives the right to speak as the device: one in somebody's fleet can only be claimed by the fleet's owner. */
  async function refuseForeignFleet(caller: AccountCaller, id: string): Promise<void> {
    const device = await directory.device(id);
    if (device === null || device.productId === null) return;
    try {
      await ownProduct(directory, caller, String(device.productId));
    } catch {
      throw belongsToOther();
    }
  }
}

function belongsToOther(): Error {
  return permissionDenied("That device belongs to someone else");
}
