/** What belongs to an account. Whatever does not is answered as if it were not there. */
import { isCloudDeviceId } from "../core/device.ts";
import type { Device } from "../core/device.ts";
import type { Directory } from "../core/directory.ts";
import type { Integration, Scope } from "../core/integration.ts";
import type { Product } from "../core/product.ts";
import { notFound, unknownDevice } from "./api-error.ts";

const MAX_REFERENCE_LENGTH = 128;

/** A device that the account claimed, by id or name. */
export async function ownDevice(directory: Directory, accountId: string, idOrName: string): Promise<Device> {
  if (idOrName.length > MAX_REFERENCE_LENGTH) throw unknownDevice();
  const byId = await directory.device(idOrName.toLowerCase());
  if (byId !== null && byId.ownerId === accountId) return byId;
  const byName = await directory.deviceByName(accountId, idOrName);
  if (byName === null) throw unknownDevice();
  return byName;
}

/** A product of the account, by numeric id or slug. */
export async function ownProduct(directory: Directory, accountId: string, idOrSlug: string): Promise<Product> {
  const product = idOrSlug.length > MAX_REFERENCE_LENGTH ? null : await directory.product(idOrSlug);
  if (product === null || product.ownerId !== accountId) throw notFound("Product");
  return product;
}

/** A device in a product, by id. */
export async function productDevice(directory: Directory, productId: number, id: string): Promise<Device> {
  const deviceId = id.toLowerCase();
  const device = isCloudDeviceId(deviceId) ? await directory.device(deviceId) : null;
  if (device === null || device.productId !== productId) throw unknownDevice();
  return device;
}

/** An integration in the account's sandbox or in one of its products. */
export async function ownIntegration(directory: Directory, accountId: string, id: string): Promise<Integration> {
  const integration = id.length > MAX_REFERENCE_LENGTH ? null : await directory.integration(id);
  if (integration === null || !(await ownsScope(directory, accountId, integration.scope))) {
    throw notFound("Integration");
  }
  return integration;
}

/** Whether the account may see what this device says. */
export async function maySeeDevice(directory: Directory, accountId: string, deviceId: string): Promise<boolean> {
  const device = await directory.device(deviceId);
  if (device === null) return false;
  if (device.ownerId === accountId) return true;
  if (device.productId === null) return false;
  return ownsScope(directory, accountId, { kind: "product", productId: device.productId });
}

/** All that the account has: its sandbox's and its products'. */
export async function ownIntegrations(directory: Directory, accountId: string): Promise<readonly Integration[]> {
  const products = await directory.productsOf(accountId);
  const scopes: Scope[] = [
    { kind: "sandbox", accountId },
    ...products.map(({ id }): Scope => ({ kind: "product", productId: id })),
  ];
  return (await Promise.all(scopes.map((scope) => directory.integrationsIn(scope)))).flat();
}

async function ownsScope(directory: Directory, accountId: string, scope: Scope): Promise<boolean> {
  if (scope.kind === "sandbox") return scope.accountId === accountId;
  const product = await directory.product(String(scope.productId));
  return product !== null && product.ownerId === accountId;
}
