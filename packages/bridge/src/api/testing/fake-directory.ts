/** A directory in memory, for the tests of this folder. Follows the contract of `core/directory.ts` and nothing more. */
import type { WebhookSecrets } from "../../core/webhook.ts";
import type { AccessToken, AccessTokenNote, Account, ApiUser } from "../../core/account.ts";
import type { Device, DeviceChange, DeviceDetails } from "../../core/device.ts";
import type { DeviceQuery, Directory, IntegrationSettings, ProductChange } from "../../core/directory.ts";
import { hashToken, newId, newToken, tokenId } from "../../core/ids.ts";
import type { HubConnection, Integration, Scope } from "../../core/integration.ts";
import type { Permission } from "../../core/permission.ts";
import type { Product } from "../../core/product.ts";
import type { Transfer } from "../../core/transfer.ts";
import { fakeDeviceSearch } from "./fake-device-search.ts";
import { fakeDeviceGroups } from "./fake-device-groups.ts";
import type { FakeDeviceGroups } from "./fake-device-groups.ts";

interface StoredAccount {
  readonly account: Account;
  readonly passwordHash: string;
}

export class FakeDirectory implements Directory {
  readonly #accounts = new Map<string, StoredAccount>();
  readonly #apiUsers = new Map<string, ApiUser>();
  readonly #tokens = new Map<string, AccessToken>();
  readonly #devices = new Map<string, Device>();
  readonly #deviceTokens = new Map<string, string>();
  readonly #products = new Map<number, Product>();
  readonly #webhookSecrets = new Map<string, WebhookSecrets>();
  readonly #integrations = new Map<
    string,
    { readonly integration: Integration; readonly connection: HubConnection | null }
  >();
  readonly #details = new Map<string, DeviceChange>();
  readonly #groups: FakeDeviceGroups;
  readonly #transfers = new Map<string, Transfer>();
  readonly #now: () => number;
  readonly groupsIn: Directory["groupsIn"];
  readonly createGroup: Directory["createGroup"];
  readonly updateGroup: Directory["updateGroup"];
  readonly deleteGroup: Directory["deleteGroup"];
  readonly searchDevices: Directory["searchDevices"];
  readonly countDevices: Directory["countDevices"];

  constructor(now: () => number) {
    this.#now = now;
    this.#groups = fakeDeviceGroups(now);
    const search = fakeDeviceSearch(() => Array.from(this.#devices.values()));
    ({ searchDevices: this.searchDevices, countDevices: this.countDevices } = search);
    ({
      groupsIn: this.groupsIn,
      createGroup: this.createGroup,
      updateGroup: this.updateGroup,
      deleteGroup: this.deleteGroup,
    } = this.#groups);
  }

  async createAccount(input: { username: string; passwordHash: string; operator?: boolean }): Promise<Account | null> {
    const { username, passwordHash, operator = false } = input;
    if ((await this.accountByUsername(username)) !== null) return null;
    const account = { id: newId(), username, operator, createdAt: this.#now() };
    this.#accounts.set(account.id, { account, passwordHash });
    return account;
  }

  async accounts(): Promise<readonly Account[]> {
    return [...this.#accounts.values()].map(({ account }) => account);
  }

  async setPassword(accountId: string, passwordHash: string): Promise<void> {
    const stored = this.#accounts.get(accountId);
    if (stored !== undefined) this.#accounts.set(accountId, { ...stored, passwordHash });
  }

  async deleteAccount(id: string): Promise<"deleted" | "owns_things" | "unknown"> {
    const owned = [await this.devicesOf(id), await this.productsOf(id)].flat();
    const integrations = await this.integrationsIn({ kind: "sandbox", accountId: id });
    if (owned.length + integrations.length > 0) return "owns_things";
    await this.revokeTokensOf(id);
    return this.#accounts.delete(id) ? "deleted" : "unknown";
  }

  async createApiUser(input: {
    productId: number;
    friendlyName: string;
    scopes: readonly Permission[];
  }): Promise<{ apiUser: ApiUser; token: string }> {
    const id = newId();
    const apiUser = { ...input, id, username: `${id}@api.particle.io`, createdAt: this.#now() };
    this.#apiUsers.set(id, apiUser);
    return (await this.replaceApiUser(apiUser))!;
  }

  async replaceApiUser(apiUser: ApiUser): Promise<{ apiUser: ApiUser; token: string } | null> {
    const { id } = apiUser;
    if (!this.#apiUsers.has(id)) return null;
    this.#apiUsers.set(id, apiUser);
    await this.revokeTokensOf(id);
    const token = newToken();
    const access = { accountId: id, apiUser, client: "api-user", createdAt: this.#now(), expiresAt: null };
    this.#tokens.set(hashToken(token), access);
    return { apiUser, token };
  }

  async apiUsersIn(productId: number): Promise<readonly ApiUser[]> {
    return [...this.#apiUsers.values()].filter((user) => user.productId === productId);
  }

  async apiUser(productId: number, username: string): Promise<ApiUser | null> {
    return (await this.apiUsersIn(productId)).find((user) => user.username === username) ?? null;
  }

  async deleteApiUser(id: string): Promise<boolean> {
    await this.revokeTokensOf(id);
    return this.#apiUsers.delete(id);
  }

  async accountByUsername(username: string): Promise<StoredAccount | null> {
    return [...this.#accounts.values()].find(({ account }) => sameName(account.username, username)) ?? null;
  }

  async account(id: string): Promise<Account | null> {
    return this.#accounts.get(id)?.account ?? null;
  }

  async createToken(input: { accountId: string; client: string; expiresAt: number | null }): Promise<string> {
    const token = newToken();
    this.#tokens.set(hashToken(token), { ...input, apiUser: null, createdAt: this.#now() });
    return token;
  }

  async accessToken(token: string): Promise<AccessToken | null> {
    return this.#tokens.get(hashToken(token)) ?? null;
  }

  async revokeToken(token: string): Promise<boolean> {
    return this.#tokens.delete(hashToken(token));
  }

  async revokeTokensOf(accountId: string): Promise<number> {
    return deleteWhere(this.#tokens, (token) => token.accountId === accountId);
  }

  async accessTokensOf(accountId: string, limit: number): Promise<readonly AccessTokenNote[]> {
    const own = [...this.#tokens].filter(([, token]) => token.accountId === accountId);
    return own
      .map(([hash, { client, createdAt, expiresAt }]) => ({ id: tokenId(hash), client, createdAt, expiresAt }))
      .slice(0, limit);
  }

  async revokeTokenOf(accountId: string, id: string): Promise<boolean> {
    return deleteWhere(this.#tokens, (token, hash) => token.accountId === accountId && tokenId(hash) === id) > 0;
  }

  async device(id: string): Promise<Device | null> {
    return this.#devices.get(id) ?? null;
  }

  async devicesOf(ownerId: string): Promise<readonly Device[]> {
    return [...this.#devices.values()].filter((device) => device.ownerId === ownerId);
  }

  async deviceByName(ownerId: string, name: string): Promise<Device | null> {
    return (await this.devicesOf(ownerId)).find((device) => device.name === name) ?? null;
  }

  async claimDevice(ownerId: string, id: string): Promise<"claimed" | "taken"> {
    const device = this.#devices.get(id) ?? this.#newDevice(id);
    if (device.ownerId !== null && device.ownerId !== ownerId) return "taken";
    this.#devices.set(id, { ...device, ownerId });
    return "claimed";
  }

  async unclaimDevice(id: string): Promise<void> {
    const device = this.#devices.get(id);
    if (device === undefined) return;
    if (device.productId === null) this.#forget(id);
    else this.#devices.set(id, { ...device, ownerId: null });
  }

  async updateDevice(id: string, change: DeviceChange): Promise<"updated" | "name_taken" | "unknown"> {
    const device = this.#devices.get(id);
    if (device === undefined) return "unknown";
    const { name = device.name, notes = device.notes, firmwareVersion = device.firmwareVersion, ...details } = change;
    if (name !== null && device.ownerId !== null) {
      const other = await this.deviceByName(device.ownerId, name);
      if (other !== null && other.id !== id) return "name_taken";
    }
    this.#devices.set(id, { ...device, name, notes, firmwareVersion });
    this.#details.set(id, { ...this.#details.get(id), ...details });
    if (details.groups !== undefined && device.productId !== null) {
      this.#groups.put(device.productId, id, details.groups);
    }
    return "updated";
  }

  async deviceDetails(ids: readonly string[]): Promise<ReadonlyMap<string, DeviceDetails>> {
    const known = ids.filter((id) => this.#devices.has(id));
    return new Map(known.map((id) => [id, this.#detailsOf(id)]));
  }

  #detailsOf(id: string): DeviceDetails {
    const { serialNumber = null, desiredFirmwareVersion = null, development = false } = this.#details.get(id) ?? {};
    const groups = this.#groups.of(id);
    return { serialNumber, desiredFirmwareVersion, development, groups, lastLink: null, description: null };
  }

  async createDeviceToken(deviceId: string): Promise<string> {
    const token = newToken();
    this.#deviceTokens.set(hashToken(token), deviceId);
    return token;
  }

  async deviceByToken(token: string): Promise<Device | null> {
    const id = this.#deviceTokens.get(hashToken(token));
    return id === undefined ? null : this.device(id);
  }

  async revokeDeviceTokens(deviceId: string): Promise<number> {
    return deleteWhere(this.#deviceTokens, (id) => id === deviceId);
  }

  async devicesIn(
    productId: number,
    query: DeviceQuery,
  ): Promise<{ readonly devices: readonly Device[]; readonly total: number }> {
    const found = [...this.#devices.values()].filter(
      (device) =>
        device.productId === productId &&
        (query.quarantined === undefined || (device.approval === "quarantined") === query.quarantined) &&
        (query.deviceId === undefined || device.id.includes(query.deviceId)) &&
        (query.deviceName === undefined || (device.name ?? "").includes(query.deviceName)) &&
        (query.serialNumber === undefined ||
          (this.#detailsOf(device.id).serialNumber ?? "").includes(query.serialNumber)) &&
        (query.groups === undefined || this.#groups.of(device.id).some((name) => query.groups?.includes(name))),
    );
    const sorted = found.toSorted((a, b) => a.id.localeCompare(b.id));
    if (query.descending === true) sorted.reverse();
    const start = (query.page - 1) * query.perPage;
    return { devices: sorted.slice(start, start + query.perPage), total: found.length };
  }

  async addToProduct(
    productId: number,
    ids: readonly string[],
  ): Promise<{ readonly added: readonly string[]; readonly nonmember: readonly string[] }> {
    const added: string[] = [];
    const nonmember: string[] = [];
    for (const id of ids) {
      const device = this.#devices.get(id) ?? this.#newDevice(id);
      if (device.productId !== null && device.productId !== productId) nonmember.push(id);
      else {
        this.#devices.set(id, { ...device, productId, approval: "approved" });
        added.push(id);
      }
    }
    return { added, nonmember };
  }

  async admitToProduct(productId: number, id: string): Promise<Device | null> {
    const device = this.#devices.get(id) ?? this.#newDevice(id);
    if (device.productId === productId) return device;
    const product = this.#products.get(productId);
    if (product === undefined || device.productId !== null) return null;
    if (device.ownerId !== null && device.ownerId !== product.ownerId) return null;
    const admitted: Device = { ...device, productId, approval: product.quarantine ? "quarantined" : "approved" };
    this.#devices.set(id, admitted);
    return admitted;
  }

  async setApproval(deviceId: string, approval: Device["approval"]): Promise<void> {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) this.#devices.set(deviceId, { ...device, approval });
  }

  async removeFromProduct(_productId: number, deviceId: string): Promise<void> {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return;
    this.#groups.leave(deviceId);
    if (device.ownerId === null) this.#forget(deviceId);
    else this.#devices.set(deviceId, { ...device, productId: null, approval: "approved" });
  }

  async requestTransfer(deviceId: string, requesterId: string): Promise<Transfer | null> {
    const device = this.#devices.get(deviceId);
    if (device === undefined || device.ownerId === null || device.ownerId === requesterId) return null;
    if (device.productId !== null && this.#products.get(device.productId)?.ownerId !== requesterId) return null;
    const asked = [...this.#transfers.values()].find(
      (transfer) => transfer.deviceId === deviceId && transfer.requesterId === requesterId,
    );
    const transfer = asked ?? { id: newId(), deviceId, ownerId: device.ownerId, requesterId, requestedAt: this.#now() };
    this.#transfers.set(transfer.id, transfer);
    return transfer;
  }

  async transfersOf(accountId: string): Promise<readonly Transfer[]> {
    return [...this.#transfers.values()].filter(
      ({ ownerId, requesterId }) => ownerId === accountId || requesterId === accountId,
    );
  }

  async transfer(id: string): Promise<Transfer | null> {
    return this.#transfers.get(id) ?? null;
  }

  async acceptTransfer(id: string): Promise<boolean> {
    const transfer = this.#transfers.get(id);
    const device = transfer === undefined ? undefined : this.#devices.get(transfer.deviceId);
    if (transfer === undefined || device === undefined) return false;
    this.#devices.set(device.id, { ...device, ownerId: transfer.requesterId });
    deleteWhere(this.#deviceTokens, (deviceId) => deviceId === device.id);
    deleteWhere(this.#transfers, ({ deviceId }) => deviceId === device.id);
    return true;
  }

  async refuseTransfer(id: string): Promise<boolean> {
    return this.#transfers.delete(id);
  }

  async createProduct(input: {
    ownerId: string;
    name: string;
    slug: string;
    description: string;
  }): Promise<Product | null> {
    if ((await this.product(input.slug)) !== null) return null;
    const product = { ...input, quarantine: false, id: this.#products.size + 101, createdAt: this.#now() };
    this.#products.set(product.id, product);
    return product;
  }

  async productsOf(ownerId: string): Promise<readonly Product[]> {
    return [...this.#products.values()].filter((product) => product.ownerId === ownerId);
  }

  async product(idOrSlug: string): Promise<Product | null> {
    return [...this.#products.values()].find(({ id, slug }) => slug === idOrSlug || String(id) === idOrSlug) ?? null;
  }

  async updateProduct(id: number, change: ProductChange): Promise<"updated" | "slug_taken" | "unknown"> {
    const product = this.#products.get(id);
    if (product === undefined) return "unknown";
    const other = change.slug === undefined ? null : await this.product(change.slug);
    if (other !== null && other.id !== id) return "slug_taken";
    this.#products.set(id, { ...product, ...change });
    return "updated";
  }

  async deleteProduct(id: number): Promise<"deleted" | "has_integrations" | "has_sources" | "unknown"> {
    if (!this.#products.has(id)) return "unknown";
    if ((await this.integrationsIn({ kind: "product", productId: id })).length > 0) return "has_integrations";
    for (const device of Array.from(this.#devices.values())) {
      if (device.productId === id) await this.removeFromProduct(id, device.id);
    }
    this.#products.delete(id);
    return "deleted";
  }

  async createIntegration(settings: IntegrationSettings): Promise<Integration> {
    return this.#store(newId(), this.#now(), settings, null);
  }

  async updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null> {
    const stored = this.#integrations.get(id);
    if (stored === undefined) return null;
    return this.#store(id, stored.integration.createdAt, settings, stored.connection);
  }

  async deleteIntegration(id: string): Promise<boolean> {
    return this.#integrations.delete(id);
  }

  async integration(id: string): Promise<Integration | null> {
    return this.#integrations.get(id)?.integration ?? null;
  }

  everyIntegration(): readonly Integration[] {
    return [...this.#integrations.values()].map(({ integration }) => integration);
  }

  async integrationsIn(scope: Scope): Promise<readonly Integration[]> {
    const wanted = JSON.stringify(scope);
    const all = [...this.#integrations.values()].map(({ integration }) => integration);
    return all.filter((integration) => JSON.stringify(integration.scope) === wanted);
  }

  async connection(id: string): Promise<HubConnection | null> {
    return [...this.#integrations.values()].find(({ connection }) => connection?.id === id)?.connection ?? null;
  }

  #newDevice(id: string): Device {
    const createdAt = this.#now();
    const blank = { name: null, ownerId: null, productId: null, firmwareVersion: null, notes: null, lastHeard: null };
    return { id, approval: "approved", createdAt, ...blank };
  }

  #forget(id: string): void {
    this.#devices.delete(id);
    this.#details.delete(id);
    deleteWhere(this.#deviceTokens, (deviceId) => deviceId === id);
  }

  async webhookSecrets(id: string): Promise<WebhookSecrets | null> {
    return this.#webhookSecrets.get(id) ?? null;
  }

  #store(id: string, createdAt: number, settings: IntegrationSettings, kept: HubConnection | null): Integration {
    const made = { id, createdAt, updatedAt: this.#now() };
    if (settings.type === "Webhook") {
      const { secrets, ...options } = settings;
      const integration: Integration = { ...options, ...made };
      this.#webhookSecrets.set(id, secrets);
      this.#integrations.set(id, { integration, connection: null });
      return integration;
    }
    const { hostName, policyKey, secondaryKey, entra, ...fields } = settings;
    const keptSecret = kept?.entra?.kind === "client_secret" ? kept.entra.clientSecret : "";
    const given =
      entra?.kind === "client_secret" ? { ...entra, clientSecret: entra.clientSecret ?? keptSecret } : entra;
    const connection: HubConnection = {
      id: `connection-${id}`,
      hostName,
      policyName: fields.policyName,
      policyKey: policyKey ?? kept?.policyKey ?? "",
      secondaryKey: secondaryKey === undefined ? (kept?.secondaryKey ?? null) : secondaryKey || null,
      entra: given === undefined ? (kept?.entra ?? null) : given,
    };
    const integration: Integration = { ...fields, ...made, connectionId: connection.id };
    this.#integrations.set(id, { integration, connection });
    return integration;
  }
}

function deleteWhere<V>(map: Map<string, V>, matches: (value: V, key: string) => boolean): number {
  let deleted = 0;
  for (const [key, value] of Array.from(map)) if (matches(value, key) && map.delete(key)) deleted++;
  return deleted;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
