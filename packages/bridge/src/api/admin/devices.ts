/** All devices that a caller has, of its sandbox and its products, searched and paged; and approving many at once. */
import type { FastifyInstance } from "fastify";
import { isCloudDeviceId, isThing, type Approval } from "../../core/device.ts";
import type { DeviceOrder } from "../../core/device-search.ts";
import type { Scope } from "../../core/integration.ts";
import type { Product } from "../../core/product.ts";
import { badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement, type AccountCaller, type Authentication } from "../authentication.ts";
import {
  fieldsOf,
  optionalFlag,
  optionalInteger,
  optionalOneOf,
  optionalText,
  requiredOneOf,
  type Fields,
} from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, ownProducts, visibleDevice } from "../ownership.ts";
import { createDeviceViews } from "../particle/device-views.ts";
import { devicePlaceIn, placeText } from "./device-place.ts";
import { deviceRowJson } from "./device-row-json.ts";

interface Listing {
  Querystring: Record<string, unknown>;
}
interface OfDevice {
  Params: { device: string };
}
interface InProduct {
  Params: { product: string };
}

const tags = ["devices"];
const LIST = { usual: 50, most: 200 } as const;
const MAX_TEXT_LENGTH = 128;
const MAX_AT_ONCE = 1_000;
const APPROVALS: readonly Approval[] = ["approved", "quarantined", "denied"];
const KINDS = ["device", "thing"] as const;
const ORDERS: readonly DeviceOrder[] = ["id", "name", "last_heard"];

export function registerDeviceList(
  app: FastifyInstance,
  { directory, deviceLinks, thingRecords, deviceStates }: ApiDependencies,
  authentication: Authentication,
): void {
  const views = createDeviceViews(directory, deviceLinks, thingRecords);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get<Listing>("/admin/v1/devices", route("All devices of the sandbox and of products"), async (request) => {
    const caller = await authentication.account(request, "devices:list");
    const { query } = request;
    const products = await ownProducts(directory, caller);
    const filter = {
      scopes: await scopesIn(query, caller, products),
      text: optionalText(query, "q", MAX_TEXT_LENGTH)?.trim() || null,
      approval: optionalOneOf(query, "approval", APPROVALS),
      kind: optionalOneOf(query, "kind", KINDS),
    };
    const sort = optionalOneOf(query, "sort", ORDERS) ?? "id";
    const order = optionalOneOf(query, "order", ["asc", "desc"] as const);
    const after = devicePlaceIn(query, sort);
    const limit = optionalInteger(query, "limit", 1, LIST.most) ?? LIST.usual;
    // Who asks for when they were heard wants the newest first.
    const descending = order === null ? sort === "last_heard" : order === "desc";
    const [page, total] = await Promise.all([
      directory.searchDevices({ ...filter, sort, descending, limit, after }),
      after === null ? directory.countDevices(filter) : null,
    ]);
    const shown = await views.many(page.devices);
    const states = await deviceStates(page.devices.map(({ id }) => id));
    const productOf = new Map(products.map((product) => [product.id, product]));
    return {
      devices: shown.map((view) =>
        deviceRowJson(view, {
          product: productOf.get(view.device.productId ?? 0) ?? null,
          state: states.get(view.device.id) ?? null,
        }),
      ),
      // A first page that is the last one needs no counting.
      total: total ?? (after === null && page.next === null ? shown.length : null),
      next: page.next === null ? null : placeText(page.next),
    };
  });

  app.get<OfDevice>("/admin/v1/devices/:device", route("One device, wherever it is"), async (request) => {
    const caller = await authentication.account(request, "devices:get");
    const view = await views.one(await visibleDevice(directory, caller, request.params.device));
    const { id, productId } = view.device;
    const [products, states] = await Promise.all([ownProducts(directory, caller), deviceStates([id])]);
    const product = products.find((one) => one.id === productId) ?? null;
    return { device: deviceRowJson(view, { product, state: states.get(id) ?? null }) };
  });

  app.post<InProduct>(
    "/admin/v1/products/:product/devices/approvals",
    route("Approve, quarantine or deny many devices of a product"),
    async (request) => {
      const caller = await authentication.account(request, "devices:update");
      const product = await ownProduct(directory, caller, request.params.product);
      const fields = fieldsOf(request);
      const approval = requiredOneOf(fields, "approval", APPROVALS);
      const results = await Promise.all(idsIn(fields).map((id) => approve(product.id, id, approval)));
      return { changed: results.filter(({ changed }) => changed === true).length, results };
    },
  );

  async function approve(productId: number, id: string, approval: Approval): Promise<ApprovalResult> {
    const lowerCase = id.toLowerCase();
    const device = await directory.device(isCloudDeviceId(lowerCase) ? lowerCase : id);
    if (device === null || device.productId !== productId) {
      return { id, ok: false, code: "not_in_product", error: "There is no such device in this product" };
    }
    if (isThing(device)) {
      return {
        id,
        ok: false,
        code: "is_thing",
        error: "A Thing has keys of its own and needs no approval",
        next_step: "Disable it to keep it from its hub.",
      };
    }
    if (device.approval === approval) return { id, ok: true, changed: false };
    await directory.setApproval(device.id, approval);
    return { id, ok: true, changed: true };
  }

  async function scopesIn(query: Fields, caller: AccountCaller, products: readonly Product[]): Promise<Scope[]> {
    const named = optionalText(query, "product", MAX_TEXT_LENGTH);
    const wantsSandbox = optionalFlag(query, "sandbox");
    if (named !== null) {
      if (wantsSandbox === true) throw badRequest("Give product or sandbox, not both");
      const { id } = await ownProduct(directory, caller, named);
      return [{ kind: "product", productId: id }];
    }
    const sandbox: Scope[] = caller.kind === "account" ? [{ kind: "sandbox", accountId: caller.accountId }] : [];
    if (wantsSandbox === true && sandbox.length === 0) throw notFound("Sandbox");
    const inProducts = products.map(({ id }): Scope => ({ kind: "product", productId: id }));
    return wantsSandbox === true ? sandbox : wantsSandbox === false ? inProducts : [...sandbox, ...inProducts];
  }
}

interface ApprovalResult {
  readonly id: string;
  readonly ok: boolean;
  /** False: it was so already. */
  readonly changed?: boolean;
  readonly code?: string;
  readonly error?: string;
  readonly next_step?: string;
}

function idsIn(fields: Fields): readonly string[] {
  const { ids } = fields;
  if (!Array.isArray(ids) || ids.length === 0) throw badRequest("ids must be a list of device ids");
  if (ids.length > MAX_AT_ONCE) throw refusal(413, `At most ${MAX_AT_ONCE} ids at a time`);
  if (!ids.every((id) => typeof id === "string" && id.length <= MAX_TEXT_LENGTH)) {
    throw badRequest("ids must be a list of device ids");
  }
  return [...new Set(ids as string[])];
}
