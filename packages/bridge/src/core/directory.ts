/** The port to what does not change with every event: accounts, tokens, devices, products, integrations. Kept by `store/`. */
import type { AccessToken, AccessTokenNote, Account, ApiUser } from "./account.ts";
import type { Approval, Device, DeviceChange, DeviceDetails } from "./device.ts";
import type { DeviceSearch } from "./device-search.ts";
import type { DeviceGroup } from "./device-group.ts";
import type { Permission } from "./permission.ts";
import type {
  AzureIotHubIntegration,
  EntraCredential,
  HubConnection,
  Integration,
  Scope,
  WebhookIntegration,
} from "./integration.ts";
import type { Product } from "./product.ts";
import type { Transfer } from "./transfer.ts";
import type { WebhookSecrets } from "./webhook.ts";

export interface Accounts {
  /** `null` when the name is taken, in whatever letter case. */
  createAccount(input: {
    readonly username: string;
    readonly passwordHash: string;
    readonly operator?: boolean;
  }): Promise<Account | null>;
  accounts(): Promise<readonly Account[]>;
  setPassword(accountId: string, passwordHash: string): Promise<void>;
  /** Its tokens end with it. `owns_things`: it has devices, products or integrations, and stays. */
  deleteAccount(id: string): Promise<"deleted" | "owns_things" | "unknown">;
  /** With the scrypt hash that `password.ts` made. */
  accountByUsername(username: string): Promise<{ readonly account: Account; readonly passwordHash: string } | null>;
  account(id: string): Promise<Account | null>;
  /** The token itself is returned once and kept only as a hash. */
  createToken(input: {
    readonly accountId: string;
    readonly client: string;
    readonly expiresAt: number | null;
  }): Promise<string>;
  /** Cached: called for every request. Expired tokens are still returned; the caller says so. */
  accessToken(token: string): Promise<AccessToken | null>;
  revokeToken(token: string): Promise<boolean>;
  revokeTokensOf(accountId: string): Promise<number>;
  /** Newest first, those that have ended left out; at most `limit`. */
  accessTokensOf(accountId: string, limit: number): Promise<readonly AccessTokenNote[]>;
  /** By the id that `accessTokensOf` told. */
  revokeTokenOf(accountId: string, id: string): Promise<boolean>;
}

export interface ApiUsers {
  /** With its one token, which is returned here and never again. */
  createApiUser(input: {
    readonly productId: number;
    readonly friendlyName: string;
    readonly scopes: readonly Permission[];
  }): Promise<{ readonly apiUser: ApiUser; readonly token: string }>;
  /** Writes it as given and makes a new token; the old one is unknown from then on. `null`: it was deleted meanwhile. */
  replaceApiUser(apiUser: ApiUser): Promise<{ readonly apiUser: ApiUser; readonly token: string } | null>;
  apiUsersIn(productId: number): Promise<readonly ApiUser[]>;
  apiUser(productId: number, username: string): Promise<ApiUser | null>;
  /** Its token ends with it. */
  deleteApiUser(id: string): Promise<boolean>;
}

export interface DeviceQuery {
  readonly page: number;
  readonly perPage: number;
  readonly quarantined?: boolean;
  /** Substring of id or name. */
  readonly deviceId?: string;
  readonly deviceName?: string;
  readonly serialNumber?: string;
  /** In at least one of these. */
  readonly groups?: readonly string[];
  readonly sortBy?: "deviceId" | "firmwareVersion" | "lastConnection";
  readonly descending?: boolean;
}

export interface Devices {
  /** Cached: called for every event. */
  device(id: string): Promise<Device | null>;
  devicesOf(ownerId: string): Promise<readonly Device[]>;
  /** Among the devices that the account owns. */
  deviceByName(ownerId: string, name: string): Promise<Device | null>;
  /** Makes the device when it is new; `taken` when another account owns it. */
  claimDevice(ownerId: string, id: string): Promise<"claimed" | "taken">;
  /** Releases a device. One that is in no product is forgotten, its tokens with it. */
  unclaimDevice(id: string): Promise<void>;
  /** `name_taken` when another device of its owner has the name. */
  updateDevice(id: string, change: DeviceChange): Promise<"updated" | "name_taken" | "unknown">;
  /** By device id; those that are not known are not in it. */
  deviceDetails(ids: readonly string[]): Promise<ReadonlyMap<string, DeviceDetails>>;
  /** A token for the device itself; shown once, kept as a hash. Earlier ones stay valid until revoked. */
  createDeviceToken(deviceId: string): Promise<string>;
  /** Cached: called for every event that a device publishes. */
  deviceByToken(token: string): Promise<Device | null>;
  revokeDeviceTokens(deviceId: string): Promise<number>;

  devicesIn(
    productId: number,
    query: DeviceQuery,
  ): Promise<{ readonly devices: readonly Device[]; readonly total: number }>;
  /** Adds devices to a product as approved, making those that are new. `nonmember`: in another product. */
  addToProduct(
    productId: number,
    ids: readonly string[],
  ): Promise<{ readonly added: readonly string[]; readonly nonmember: readonly string[] }>;
  /**
   * A device that appears by itself in a product's stream. One that is new joins it, approved or quarantined as the product
   * says; one that is in the product is returned as it is. `null`: it is in another product, or another account has it.
   */
  admitToProduct(productId: number, id: string): Promise<Device | null>;
  setApproval(deviceId: string, approval: Approval): Promise<void>;
  removeFromProduct(productId: number, deviceId: string): Promise<void>;
}

/** Requests for devices that other accounts have. At most one for each device and requester. */
export interface Transfers {
  /** `null`: the device is not somebody else's. */
  requestTransfer(deviceId: string, requesterId: string): Promise<Transfer | null>;
  /** Those that wait for the account, and those that it made. A request ends when the device changes hands. */
  transfersOf(accountId: string): Promise<readonly Transfer[]>;
  transfer(id: string): Promise<Transfer | null>;
  /** The device goes to who asked, without its tokens, and without a name that is taken there. */
  acceptTransfer(id: string): Promise<boolean>;
  refuseTransfer(id: string): Promise<boolean>;
}

export interface DeviceGroups {
  groupsIn(productId: number): Promise<readonly DeviceGroup[]>;
  createGroup(productId: number, input: { readonly name: string; readonly description: string }): Promise<boolean>;
  updateGroup(
    productId: number,
    name: string,
    change: { readonly name?: string; readonly description?: string },
  ): Promise<"updated" | "taken" | "unknown">;
  /** The devices stay. */
  deleteGroup(productId: number, name: string): Promise<boolean>;
}

export interface ProductChange {
  readonly name?: string;
  readonly slug?: string;
  readonly description?: string;
  readonly quarantine?: boolean;
}

export interface Products {
  /** `null` when the slug is taken. */
  createProduct(input: {
    readonly ownerId: string;
    readonly name: string;
    readonly slug: string;
    readonly description: string;
  }): Promise<Product | null>;
  productsOf(ownerId: string): Promise<readonly Product[]>;
  product(idOrSlug: string): Promise<Product | null>;
  updateProduct(id: number, change: ProductChange): Promise<"updated" | "slug_taken" | "unknown">;
  /**
   * Its API users, groups and those of its devices that have no owner go with it. It stays while it has integrations,
   * sources or Things, which others must end first.
   */
  deleteProduct(id: number): Promise<"deleted" | "has_integrations" | "has_sources" | "has_things" | "unknown">;
}

/** As a user sets it: a client secret that is not given again is kept. */
export type EntraSettings =
  | Exclude<EntraCredential, { kind: "client_secret" }>
  | (Omit<Extract<EntraCredential, { kind: "client_secret" }>, "clientSecret"> & { readonly clientSecret?: string });

/** What a user sets on an integration, told apart by `type`. */
export type IntegrationSettings = AzureIotHubSettings | WebhookSettings;

type Unset = "id" | "createdAt" | "updatedAt";

/** `policyKey` is absent where a stored one is kept (edit) or none is needed (Local Hub). */
export interface AzureIotHubSettings extends Omit<AzureIotHubIntegration, Unset | "connectionId"> {
  /** Full host name, or `local`. */
  readonly hostName: string;
  readonly policyKey?: string;
  /** Absent: as stored; empty: none. */
  readonly secondaryKey?: string;
  /** Absent: as stored; `null`: none. An absent `clientSecret` keeps the stored one. */
  readonly entra?: EntraSettings | null;
}

export interface WebhookSettings extends Omit<WebhookIntegration, Unset> {
  readonly secrets: WebhookSecrets;
}

export interface Integrations {
  createIntegration(settings: IntegrationSettings): Promise<Integration>;
  /** Replaces the whole configuration; without a key the stored one is kept. */
  updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null>;
  deleteIntegration(id: string): Promise<boolean>;
  integration(id: string): Promise<Integration | null>;
  integrationsIn(scope: Scope): Promise<readonly Integration[]>;
  /** With its key, for those who open it. */
  connection(id: string): Promise<HubConnection | null>;
  /** Of a webhook, for those who send and for an edit that keeps them. */
  webhookSecrets(integrationId: string): Promise<WebhookSecrets | null>;
}

export interface Directory
  extends Accounts, ApiUsers, Devices, DeviceSearch, Products, DeviceGroups, Transfers, Integrations {}
