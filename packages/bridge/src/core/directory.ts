/** The port to what does not change with every event: accounts, tokens, devices, products, integrations. Kept by `store/`. */
import type { AccessToken, Account, ApiUser } from "./account.ts";
import type { Approval, Device } from "./device.ts";
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
  updateDevice(
    id: string,
    change: { readonly name?: string | null; readonly notes?: string | null; readonly firmwareVersion?: number | null },
  ): Promise<"updated" | "name_taken" | "unknown">;
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
  setApproval(deviceId: string, approval: Approval): Promise<void>;
  removeFromProduct(productId: number, deviceId: string): Promise<void>;
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

export type WebhookSettings = Omit<WebhookIntegration, Unset>;

export interface Integrations {
  createIntegration(settings: IntegrationSettings): Promise<Integration>;
  /** Replaces the whole configuration; without a key the stored one is kept. */
  updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null>;
  deleteIntegration(id: string): Promise<boolean>;
  integration(id: string): Promise<Integration | null>;
  integrationsIn(scope: Scope): Promise<readonly Integration[]>;
  /** With its key, for those who open it. */
  connection(id: string): Promise<HubConnection | null>;
}

export interface Directory extends Accounts, ApiUsers, Devices, Products, Integrations {}
