/** The devices of a product: import, approval, names. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isThing } from "../../core/device.ts";
import type { Permission } from "../../core/permission.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, productDevice } from "../ownership.ts";
import { pingDevice, signalDevice, signalIn } from "./device-attention.ts";
import { applyDeviceChange, deviceChangeOf } from "./device-change.ts";
import { productDeviceJson } from "./device-json.ts";
import { importDevices } from "./device-import.ts";
import { deviceQueryOf } from "./device-query.ts";
import { createDeviceViews } from "./device-views.ts";
import { refuseThing } from "./thing-devices.ts";

interface InProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}
interface ByProductDevice {
  Params: { product: string; id: string };
  Querystring: Record<string, unknown>;
}

const tags = ["products"];
const DEVICE_FILE_BYTES = 10 * 1024 * 1024;

export function registerProductDevices(
  app: FastifyInstance,
  { directory, deviceLinks, thingRecords, things, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const views = createDeviceViews(directory, deviceLinks, thingRecords);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function deviceOf(
    request: FastifyRequest<ByProductDevice>,
    permission: Permission,
  ): ReturnType<typeof productDevice> {
    const caller = await authentication.account(request, permission);
    const product = await ownProduct(directory, caller, request.params.product);
    return productDevice(directory, product.id, request.params.id);
  }

  app.get<InProduct>("/v1/products/:product/devices", route("Devices of a product"), async (request) => {
    const caller = await authentication.account(request, "devices:list");
    const product = await ownProduct(directory, caller, request.params.product);
    const query = deviceQueryOf(request.query);
    const { devices, total } = await directory.devicesIn(product.id, query);
    const pages = Math.max(1, Math.ceil(total / query.perPage));
    const shown = await views.many(devices);
    return {
      devices: shown.map(productDeviceJson),
      customers: [],
      meta: { total_pages: pages, total, page: query.page, per_page: query.perPage },
    };
  });

  app.post<InProduct>(
    "/v1/products/:product/devices",
    { ...route("Import or approve devices"), bodyLimit: DEVICE_FILE_BYTES },
    async (request) => {
      const caller = await authentication.account(request, "devices:import");
      const product = await ownProduct(directory, caller, request.params.product);
      const accountId = caller.kind === "account" ? caller.accountId : null;
      return importDevices(directory, { accountId, productId: product.id }, request);
    },
  );

  app.get<ByProductDevice>("/v1/products/:product/devices/:id", route("One device of a product"), async (request) =>
    productDeviceJson(await views.one(await deviceOf(request, "devices:get"))),
  );

  app.put<ByProductDevice>("/v1/products/:product/devices/:id", route("Change a product's device"), async (request) => {
    const device = await deviceOf(request, "devices:update");
    const fields = fieldsOf(request);
    const signaling = signalIn(fields);
    if (signaling !== null) return signalDevice(deviceLinks, device, signaling, now());
    return applyDeviceChange(directory, device, deviceChangeOf(fields, "product"), { now: now(), things });
  });

  app.put<ByProductDevice>(
    "/v1/products/:product/devices/:id/ping",
    route("Whether a product's device is there"),
    async (request) => pingDevice(deviceLinks, await deviceOf(request, "devices:ping")),
  );

  app.delete<ByProductDevice>(
    "/v1/products/:product/devices/:id",
    route("Remove a device from a product, or deny it"),
    async (request, reply) => {
      const device = await deviceOf(request, "devices:remove");
      if (wantsDenial(fieldsOf(request), request.query)) {
        refuseThing(device, "approval");
        await directory.setApproval(device.id, "denied");
      } else if (isThing(device)) await things.delete(device.id);
      else await directory.removeFromProduct(device.productId!, device.id);
      return reply.code(204).send();
    },
  );

  app.delete<ByProductDevice>(
    "/v1/products/:product/devices/:id/owner",
    route("Release a product's device from its owner"),
    async (request, reply) => {
      const device = await deviceOf(request, "devices:release");
      await directory.unclaimDevice(device.id);
      return reply.code(204).send();
    },
  );

  app.post<ByProductDevice>(
    "/v1/products/:product/devices/:id/token",
    route("Make a token for a product's device"),
    async (request, reply) => {
      const device = await deviceOf(request, "devices:import");
      refuseThing(device, "token");
      return reply.code(201).send({ token: await directory.createDeviceToken(device.id) });
    },
  );

  app.delete<ByProductDevice>(
    "/v1/products/:product/devices/:id/token",
    route("Revoke the tokens of a product's device"),
    async (request) => {
      const device = await deviceOf(request, "devices:update");
      return { ok: true, revoked: await directory.revokeDeviceTokens(device.id) };
    },
  );
}

/** Clients put `deny` into the body or the query. */
function wantsDenial(body: Fields, query: Fields): boolean {
  return optionalFlag(body, "deny") === true || optionalFlag(query, "deny") === true;
}
