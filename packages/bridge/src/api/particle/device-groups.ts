/** The groups of a product. Devices are put into them one by one: `groups` of the device. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DeviceGroup } from "../../core/device-group.ts";
import type { Permission } from "../../core/permission.ts";
import type { Product } from "../../core/product.ts";
import { badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalText, requiredText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { requireGroupName } from "./group-names.ts";
import { isoTime } from "./iso-time.ts";

interface InProduct {
  Params: { product: string };
}
interface OfGroup {
  Params: { product: string; group: string };
}

const tags = ["products"];
const MAX_GROUPS = 1000;
const MAX_NAME_LENGTH = 40;
const MAX_DESCRIPTION_LENGTH = 500;

export function registerDeviceGroups(
  app: FastifyInstance,
  { directory }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function productOf(request: FastifyRequest<InProduct>, permission: Permission): Promise<Product> {
    const caller = await authentication.account(request, permission);
    return ownProduct(directory, caller, request.params.product);
  }

  async function groupOf(product: Product, name: string): Promise<DeviceGroup> {
    const group = (await directory.groupsIn(product.id)).find((each) => each.name === name);
    if (group === undefined) throw notFound("Group");
    return group;
  }

  app.get<InProduct>("/v1/products/:product/groups", route("Groups of a product"), async (request) => {
    const product = await productOf(request, "groups:list");
    return { groups: (await directory.groupsIn(product.id)).map(groupJson) };
  });

  app.post<InProduct>("/v1/products/:product/groups", route("Make a group"), async (request, reply) => {
    const product = await productOf(request, "groups:create");
    const fields = fieldsOf(request);
    const name = requireGroupName(requiredText(fields, "name", MAX_NAME_LENGTH).trim());
    const description = optionalText(fields, "description", MAX_DESCRIPTION_LENGTH) ?? "";
    if ((await directory.groupsIn(product.id)).length >= MAX_GROUPS) {
      throw refusal(409, `A product has at most ${MAX_GROUPS} groups`);
    }
    if (!(await directory.createGroup(product.id, { name, description }))) throw nameTaken();
    return reply.code(201).send({ group: groupJson(await groupOf(product, name)) });
  });

  app.get<OfGroup>("/v1/products/:product/groups/:group", route("One group"), async (request) => {
    const product = await productOf(request, "groups:get");
    return { group: groupJson(await groupOf(product, request.params.group)) };
  });

  app.put<OfGroup>("/v1/products/:product/groups/:group", route("Rename or describe a group"), async (request) => {
    const product = await productOf(request, "groups:update");
    const fields = fieldsOf(request);
    const name = optionalText(fields, "name", MAX_NAME_LENGTH);
    const description = optionalText(fields, "description", MAX_DESCRIPTION_LENGTH);
    if (name === null && fields["description"] === undefined) throw badRequest("Give name or description");
    const outcome = await directory.updateGroup(product.id, request.params.group, {
      ...(name !== null && { name: requireGroupName(name.trim()) }),
      ...(fields["description"] !== undefined && { description: description ?? "" }),
    });
    if (outcome === "unknown") throw notFound("Group");
    if (outcome === "taken") throw nameTaken();
    return { group: groupJson(await groupOf(product, name?.trim() ?? request.params.group)) };
  });

  app.delete<OfGroup>("/v1/products/:product/groups/:group", route("Remove a group"), async (request, reply) => {
    const product = await productOf(request, "groups:remove");
    if (!(await directory.deleteGroup(product.id, request.params.group))) throw notFound("Group");
    return reply.code(204).send();
  });
}

function groupJson({ name, description, deviceCount, createdAt }: DeviceGroup): Record<string, unknown> {
  return { name, description, device_count: deviceCount, created_at: isoTime(createdAt) };
}

function nameTaken(): Error {
  return refusal(409, "The product has a group of that name already");
}
