/** What belongs to a caller. Whatever does not is answered as if it were not there. */
import type { Account } from "../core/account.ts";
import { isCloudDeviceId } from "../core/device.ts";
import type { Device } from "../core/device.ts";
import type { Directory } from "../core/directory.ts";
import type { Integration, Scope } from "../core/integration.ts";
import type { Product } from "../core/product.ts";
import { notFound, permissionDenied, unknownDevice } from "./api-error.ts";
import { allow } from "./authentication.ts";
import type { AccountCaller, Caller } from "./authentication.ts";

const MAX_REFERENCE_LENGTH = 128;

/** The account whose sandbox a route works in. API users have none and are refused. */
export function sandboxOf(caller: AccountCaller): string {
  if (caller.kind === "account") return caller.accountId;
  allow(caller, "account");
  throw new Error("An API user passed as an account");
}

/** For whom a caller speaks, as a key: who has many tokens is one all the same. */
export function tenantOf(caller: Caller): string {
  switch (caller.kind) {
    case "account":
      return caller.accountId;
    case "api_user":
      return String(caller.apiUser.productId);
    case "device": {
      const { id, ownerId, productId } = caller.device;
      return ownerId ?? String(productId ?? id);
    }
  }
}

/** A device that the account claimed, by id or name. An API user has claimed none. */
export async function ownDevice(directory: Directory, caller: AccountCaller, idOrName: string): Promise<Device> {
  if (caller.kind !== "account" || idOrName.length > MAX_REFERENCE_LENGTH) throw unknownDevice();
  const { accountId } = caller;
  const byId = await directory.device(idOrName.toLowerCase());
  if (byId !== null && byId.ownerId === accountId) return byId;
  const byName = await directory.deviceByName(accountId, idOrName);
  if (byName === null) throw unknownDevice();
  return byName;
}

/** A product of the account or the API user's one, by numeric id or slug. */
export async function ownProduct(directory: Directory, caller: AccountCaller, idOrSlug: string): Promise<Product> {
  const product = idOrSlug.length > MAX_REFERENCE_LENGTH ? null : await directory.product(idOrSlug);
  if (product === null || !holdsProduct(caller, product)) throw notFound("Product");
  return product;
}

/** All products of the account, or the API user's one. */
export async function ownProducts(directory: Directory, caller: AccountCaller): Promise<readonly Product[]> {
  if (caller.kind === "account") return directory.productsOf(caller.accountId);
  const product = await directory.product(String(caller.apiUser.productId));
  return product === null ? [] : [product];
}

/** A device in a product, by id. */
export async function productDevice(directory: Directory, productId: number, id: string): Promise<Device> {
  const device = await deviceById(directory, id);
  if (device === null || device.productId !== productId) throw unknownDevice();
  return device;
}

/** A device that the caller claimed, by id or name, or one of its products, by id. */
export async function visibleDevice(directory: Directory, caller: AccountCaller, idOrName: string): Promise<Device> {
  const device = await deviceById(directory, idOrName);
  if (device !== null && (await maySeeDevice(directory, caller, device.id))) return device;
  return ownDevice(directory, caller, idOrName);
}

/** Ids of the device cloud count in either letter case, those that clients gave to Things as they are. */
async function deviceById(directory: Directory, id: string): Promise<Device | null> {
  if (id.length > MAX_REFERENCE_LENGTH) return null;
  const device = await directory.device(id);
  const lowerCase = id.toLowerCase();
  return device !== null || id === lowerCase || !isCloudDeviceId(lowerCase) ? device : directory.device(lowerCase);
}

/** An integration in the caller's sandbox or in one of its products. */
export async function ownIntegration(directory: Directory, caller: AccountCaller, id: string): Promise<Integration> {
  const integration = id.length > MAX_REFERENCE_LENGTH ? null : await directory.integration(id);
  if (integration === null || !(await ownsScope(directory, caller, integration.scope))) {
    throw notFound("Integration");
  }
  return integration;
}

/** Whether the caller may see what this device says. */
export async function maySeeDevice(directory: Directory, caller: AccountCaller, deviceId: string): Promise<boolean> {
  const device = await directory.device(deviceId);
  if (device === null) return false;
  if (caller.kind === "account" && device.ownerId === caller.accountId) return true;
  if (device.productId === null) return false;
  return ownsScope(directory, caller, { kind: "product", productId: device.productId });
}

/** All that the caller has: its sandbox's and its products'. */
export async function ownIntegrations(directory: Directory, caller: AccountCaller): Promise<readonly Integration[]> {
  const scopes = await ownScopes(directory, caller);
  return (await Promise.all(scopes.map((scope) => directory.integrationsIn(scope)))).flat();
}

/** The sandbox, where the caller has one, and then its products. */
export async function ownScopes(directory: Directory, caller: AccountCaller): Promise<readonly Scope[]> {
  const inProducts = (await ownProducts(directory, caller)).map(({ id }): Scope => ({
    kind: "product",
    productId: id,
  }));
  return caller.kind === "account" ? [{ kind: "sandbox", accountId: caller.accountId }, ...inProducts] : inProducts;
}

export async function ownsScope(directory: Directory, caller: AccountCaller, scope: Scope): Promise<boolean> {
  if (scope.kind === "sandbox") return caller.kind === "account" && scope.accountId === caller.accountId;
  const product = await directory.product(String(scope.productId));
  return product !== null && holdsProduct(caller, product);
}

function holdsProduct(caller: AccountCaller, product: Product): boolean {
  return caller.kind === "account" ? product.ownerId === caller.accountId : product.id === caller.apiUser.productId;
}

/** Whoever runs this server. Throws 403 with the sentence. */
export async function requireOperator(directory: Directory, accountId: string, sentence: string): Promise<Account> {
  const account = await directory.account(accountId);
  if (account?.operator !== true) throw permissionDenied(sentence);
  return account;
}
