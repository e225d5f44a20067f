/** The embedded store: one SQLite file, one worker thread, grouped and flushed commits, small caches for the hot path. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Account, AccessToken } from "../core/account.ts";
import type { DeliveryRecord, DeliveryState, Ledger, PendingDelivery, Settlement } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { Directory, IntegrationSettings } from "../core/directory.ts";
import { hashToken, newId, newToken } from "../core/ids.ts";
import type { HubConnection, Integration, Scope } from "../core/integration.ts";
import type { DeliveryQueue, EventLog } from "../core/ports.ts";
import type { Identities, KnownIdentity } from "../core/identities.ts";
import type { Product } from "../core/product.ts";
import { lockFolder, type FolderLock } from "./lock.ts";
import { Recent } from "./recent.ts";
import { openSecrets, type Secrets } from "./secrets.ts";
import { GroupCommit } from "./sqlite/group-commit.ts";
import type { SealedConnection } from "./sqlite/integration-operations.ts";
import type { ParkedOperations } from "./sqlite/parked-operations.ts";

/** Deliveries that one transaction changes at most when many are to change: others wait for it. */
const STEP = 1_000;

type RetryStep = ReturnType<ParkedOperations["retryParked"]>;

export interface SqliteStoreOptions {
  /** Data folder; made (0700) when it is not there. */
  readonly folder: string;
  /** The disk failed a write or a flush: the process must end and start again from what is on disk. */
  readonly onFatal: (error: Error) => void;
  /** Told after a device got another name. */
  readonly onDeviceRenamed?: (deviceId: string) => void;
  readonly now?: () => number;
}

export class SqliteStore implements Directory, EventLog, DeliveryQueue, Identities {
  readonly #worker: GroupCommit;
  readonly #secrets: Secrets;
  readonly #lock: FolderLock;
  readonly #now: () => number;
  readonly #onDeviceRenamed: (deviceId: string) => void;
  readonly #devices = new Recent<string, Device>(100_000);
  readonly #deviceTokens = new Recent<string, string>(100_000);
  readonly #accessTokens = new Recent<string, AccessToken>(10_000);
  /** By id and by slug. Products do not change once made. */
  readonly #products = new Recent<string, Product>(10_000);
  #integrationTurn: Promise<unknown> = Promise.resolve();

  private constructor(
    opened: { worker: GroupCommit; secrets: Secrets; lock: FolderLock },
    options: SqliteStoreOptions,
  ) {
    this.#worker = opened.worker;
    this.#secrets = opened.secrets;
    this.#lock = opened.lock;
    this.#now = options.now ?? Date.now;
    this.#onDeviceRenamed = options.onDeviceRenamed ?? ((): void => undefined);
  }

  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const { folder, onFatal } = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = await lockFolder(folder);
    try {
      const secrets = openSecrets(join(folder, "secret.key"));
      const worker = await GroupCommit.open(join(folder, "isthmus.db"), onFatal);
      return new SqliteStore({ worker, secrets, lock }, options);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Ends when all calls so far are on disk and the folder is free for the next process. */
  async close(): Promise<void> {
    // When the disk is full this is not worth more than an attempt.
    await this.#worker.call("writeLastHeard").catch(() => null);
    await this.#worker.close();
    await this.#lock.release();
  }

  /** Calls that wait for a flush: how far publishers are ahead of the disk. */
  get depth(): number {
    return this.#worker.depth;
  }

  /** When the disk was last found full, unix milliseconds; `null` once it took a write again. */
  get fullAt(): number | null {
    return this.#worker.fullAt;
  }

  // Events and deliveries

  async append(event: DeviceEvent, integrationIds: readonly string[]): Promise<readonly PendingDelivery[]> {
    const placed = await this.#worker.call("appendEvent", event, integrationIds);
    const { deviceId } = event;
    if (deviceId === null) return [];
    const known = this.#devices.get(deviceId);
    if (known !== undefined) this.#devices.set(deviceId, { ...known, lastHeard: event.receivedAt });
    return integrationIds.map((integrationId, i) => ({
      id: placed[i * 2]!,
      integrationId,
      event: { ...event, deviceId },
      seq: placed[i * 2 + 1]!,
      attempts: 0,
    }));
  }

  devicesWithPending(integrationId: string, after: string, limit: number): Promise<readonly string[]> {
    return this.#worker.call("devicesWithPending", integrationId, after, limit);
  }

  pending(
    integrationId: string,
    deviceId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly PendingDelivery[]> {
    return this.#worker.call("pending", integrationId, deviceId, afterSeq, limit);
  }

  async settle(settlement: Settlement): Promise<void> {
    await this.#worker.call("settle", settlement);
  }

  ledger(integrationId: string): Promise<Ledger> {
    return this.#worker.call("ledger", integrationId);
  }

  today(integrationId: string): Promise<{ success: number; error: number }> {
    return this.#worker.call("countersOfDay", integrationId, new Date(this.#now()).toISOString().slice(0, 10));
  }

  list(
    integrationId: string,
    query: { readonly state?: DeliveryState; readonly before?: number; readonly limit: number },
  ): Promise<readonly DeliveryRecord[]> {
    return this.#worker.call("deliveries", integrationId, query);
  }

  /** Parked deliveries become pending again; returns the devices whose lanes have something to do. */
  async retryParked(
    integrationId: string,
    ids?: readonly number[],
  ): Promise<{ count: number; deviceIds: readonly string[] }> {
    if (ids !== undefined) return this.#worker.call("retryParkedIds", integrationId, ids, this.#now());
    const deviceIds = new Set<string>();
    let count = 0;
    let after: number | null = 0;
    while (after !== null) {
      const step: RetryStep = await this.#worker.call("retryParked", integrationId, {
        after,
        limit: STEP,
        at: this.#now(),
      });
      count += step.count;
      for (const id of step.deviceIds) deviceIds.add(id);
      after = step.nextAfter;
    }
    return { count, deviceIds: [...deviceIds] };
  }

  /** Pending and parked deliveries of a deleted integration end as expired. Returns how many. */
  async expirePending(integrationId: string): Promise<number> {
    let expired = 0;
    for (;;) {
      const count = await this.#worker.call("expire", integrationId, this.#now(), STEP);
      expired += count;
      if (count < STEP) return expired;
    }
  }

  /** Expires what integrations left that were deleted just before a crash. */
  async expireLeftovers(): Promise<number> {
    let expired = 0;
    for (const id of await this.#worker.call("goneIntegrations")) expired += await this.expirePending(id);
    return expired;
  }

  /** One step of forgetting what was settled before `before` (Unix milliseconds), over at most `limit` events. */
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }> {
    return this.#worker.call("prune", before, limit);
  }

  // Identities

  identity(connectionId: string, deviceId: string): Promise<KnownIdentity | null> {
    return this.#worker.call("identity", connectionId, deviceId);
  }

  async saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity): Promise<void> {
    await this.#worker.call("saveIdentity", connectionId, deviceId, identity, this.#now());
  }

  async forgetIdentity(connectionId: string, deviceId: string): Promise<void> {
    await this.#worker.call("forgetIdentity", connectionId, deviceId);
  }

  connectionsOf(deviceId: string): Promise<readonly string[]> {
    return this.#worker.call("connectionsOf", deviceId);
  }

  // Accounts

  async createAccount(input: { readonly username: string; readonly passwordHash: string }): Promise<Account> {
    const account: Account = { id: newId(), username: input.username, createdAt: this.#now() };
    await this.#worker.call("createAccount", account, input.passwordHash);
    return account;
  }

  accountByUsername(username: string): Promise<{ account: Account; passwordHash: string } | null> {
    return this.#worker.call("accountByUsername", username);
  }

  account(id: string): Promise<Account | null> {
    return this.#worker.call("account", id);
  }

  async createToken(input: {
    readonly accountId: string;
    readonly client: string;
    readonly expiresAt: number | null;
  }): Promise<string> {
    const token = newToken();
    await this.#worker.call("createToken", hashToken(token), { ...input, createdAt: this.#now() });
    return token;
  }

  async accessToken(token: string): Promise<AccessToken | null> {
    const hash = hashToken(token);
    const cached = this.#accessTokens.get(hash);
    if (cached !== undefined) return cached;
    const found = await this.#worker.call("accessToken", hash);
    if (found !== null) this.#accessTokens.set(hash, found);
    return found;
  }

  async revokeToken(token: string): Promise<boolean> {
    const hash = hashToken(token);
    const revoked = await this.#worker.call("revokeToken", hash);
    this.#accessTokens.delete(hash);
    return revoked > 0;
  }

  async revokeTokensOf(accountId: string): Promise<number> {
    const revoked = await this.#worker.call("revokeTokensOf", accountId);
    this.#accessTokens.deleteWhere((token) => token.accountId === accountId);
    return revoked;
  }

  // Devices

  async device(id: string): Promise<Device | null> {
    const cached = this.#devices.get(id);
    if (cached !== undefined) return cached;
    const found = await this.#worker.call("device", id);
    if (found !== null) this.#devices.set(id, found);
    return found;
  }

  devicesOf(ownerId: string): Promise<readonly Device[]> {
    return this.#worker.call("devicesOf", ownerId);
  }

  deviceByName(ownerId: string, name: string): Promise<Device | null> {
    return this.#worker.call("deviceByName", ownerId, name);
  }

  claimDevice(ownerId: string, id: string): Promise<"claimed" | "taken"> {
    return this.#changing([id], this.#worker.call("claimDevice", ownerId, id, this.#now()));
  }

  async unclaimDevice(id: string): Promise<void> {
    await this.#revoking(id, this.#worker.call("unclaimDevice", id));
  }

  async updateDevice(
    id: string,
    change: Parameters<Directory["updateDevice"]>[1],
  ): Promise<"updated" | "name_taken" | "unknown"> {
    const result = await this.#changing([id], this.#worker.call("updateDevice", id, change));
    if (result === "updated" && change.name !== undefined) this.#onDeviceRenamed(id);
    return result;
  }

  async createDeviceToken(deviceId: string): Promise<string> {
    const token = newToken();
    await this.#worker.call("createDeviceToken", hashToken(token), deviceId, this.#now());
    return token;
  }

  async deviceByToken(token: string): Promise<Device | null> {
    const hash = hashToken(token);
    let deviceId = this.#deviceTokens.get(hash);
    if (deviceId === undefined) {
      const found = await this.#worker.call("deviceIdByToken", hash);
      if (found === null) return null;
      this.#deviceTokens.set(hash, found);
      deviceId = found;
    }
    return this.device(deviceId);
  }

  async revokeDeviceTokens(deviceId: string): Promise<number> {
    return this.#revoking(deviceId, this.#worker.call("revokeDeviceTokens", deviceId));
  }

  devicesIn(productId: number, query: Parameters<Directory["devicesIn"]>[1]): ReturnType<Directory["devicesIn"]> {
    return this.#worker.call("devicesIn", productId, query);
  }

  addToProduct(
    productId: number,
    ids: readonly string[],
  ): Promise<{ added: readonly string[]; nonmember: readonly string[] }> {
    return this.#changing(ids, this.#worker.call("addToProduct", productId, ids, this.#now()));
  }

  async setApproval(deviceId: string, approval: Device["approval"]): Promise<void> {
    await this.#changing([deviceId], this.#worker.call("setApproval", deviceId, approval));
  }

  async removeFromProduct(productId: number, deviceId: string): Promise<void> {
    await this.#revoking(deviceId, this.#worker.call("removeFromProduct", productId, deviceId));
  }

  // The cache forgets after the change is on disk; reads before it in the queue have answered by then.
  async #changing<T>(deviceIds: readonly string[], change: Promise<T>): Promise<T> {
    const result = await change;
    for (const id of deviceIds) this.#devices.delete(id);
    return result;
  }

  // The same for changes that may take a device's tokens away.
  async #revoking<T>(deviceId: string, change: Promise<T>): Promise<T> {
    const result = await this.#changing([deviceId], change);
    this.#deviceTokens.deleteWhere((id) => id === deviceId);
    return result;
  }

  // Products

  createProduct(input: { ownerId: string; name: string; slug: string; description: string }): Promise<Product | null> {
    return this.#worker.call("createProduct", { ...input, createdAt: this.#now() });
  }

  productsOf(ownerId: string): Promise<readonly Product[]> {
    return this.#worker.call("productsOf", ownerId);
  }

  async product(idOrSlug: string): Promise<Product | null> {
    const cached = this.#products.get(idOrSlug);
    if (cached !== undefined) return cached;
    const found = await this.#worker.call("product", idOrSlug);
    if (found !== null) this.#products.set(idOrSlug, found);
    return found;
  }

  // Integrations

  createIntegration(settings: IntegrationSettings): Promise<Integration> {
    const now = this.#now();
    return this.#saveIntegration({ id: newId(), createdAt: now, updatedAt: now }, settings, settings.policyKey ?? "");
  }

  updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null> {
    return this.#inTurn(async () => {
      const known = await this.integration(id);
      if (known === null) return null;
      const key = settings.policyKey ?? (await this.connection(known.connectionId))?.policyKey ?? "";
      return this.#saveIntegration({ id, createdAt: known.createdAt, updatedAt: this.#now() }, settings, key);
    });
  }

  deleteIntegration(id: string): Promise<boolean> {
    return this.#inTurn(async () => (await this.#worker.call("deleteIntegration", id)) > 0);
  }

  // An update reads before it writes: side by side, one could bring back a deleted integration or a replaced key.
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#integrationTurn.then(change, change);
    this.#integrationTurn = turn.catch(() => undefined);
    return turn;
  }

  integration(id: string): Promise<Integration | null> {
    return this.#worker.call("integration", id);
  }

  integrationsIn(scope: Scope): Promise<readonly Integration[]> {
    return this.#worker.call("integrationsIn", scope);
  }

  allIntegrations(): Promise<readonly Integration[]> {
    return this.#worker.call("allIntegrations");
  }

  async connection(id: string): Promise<HubConnection | null> {
    const sealed = await this.#worker.call("sealedConnection", id);
    if (sealed === null) return null;
    const { hostName, policyName, sealedKey } = sealed;
    return { id, hostName, policyName, policyKey: this.#secrets.open(sealedKey, id) };
  }

  #saveIntegration(
    record: Pick<Integration, "id" | "createdAt" | "updatedAt">,
    settings: IntegrationSettings,
    policyKey: string,
  ): Promise<Integration> {
    const { scope, event, deviceId, name, hubName, hostName, policyName, template, nameSync, disabled } = settings;
    const connectionId = newId();
    const connection: SealedConnection = {
      id: connectionId,
      hostName,
      policyName,
      sealedKey: this.#secrets.seal(policyKey, connectionId),
      keyPrint: this.#secrets.print(policyKey),
    };
    const integration = {
      type: "AzureIotHub",
      scope,
      event,
      deviceId,
      name,
      hubName,
      policyName,
      template,
      nameSync,
      disabled,
    } as const;
    return this.#worker.call("saveIntegration", { ...record, ...integration }, connection);
  }
}
