import type { WebhookOptions } from "./webhook.ts";

/** Where an integration takes its events from: one account's own devices, or a product's fleet. */
export type Scope =
  | { readonly kind: "sandbox"; readonly accountId: string }
  | { readonly kind: "product"; readonly productId: number };

/** An event-name prefix, a device scope and a target. Data, no behaviour. Told apart by `type`. */
export type Integration = AzureIotHubIntegration | WebhookIntegration;

/** What integrations of every type have. */
interface IntegrationBase {
  readonly id: string;
  readonly scope: Scope;
  /** Case-sensitive prefix of the event names it takes. */
  readonly event: string;
  /** Sandbox only: the one device it is tied to. */
  readonly deviceId: string | null;
  readonly name: string;
  readonly disabled: boolean;
  /** Messages in one day (UTC); what comes beyond waits for the next day. `null`: as many as come. */
  readonly dailyCap: number | null;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** How an event becomes a message of a hub, and how the hub's identities are kept. */
export interface AzureIotHubOptions {
  /** Replaces the default body: a Mustache text, or an object whose string values are Mustache. */
  readonly template: string | object | null;
  /** The message's content type. Without a JSON type the hub does not look into bodies when it routes. */
  readonly contentType: string;
  /** Application properties beside `event` and `seq`: Mustache texts by name. */
  readonly properties: Readonly<Record<string, string>>;
  /** Event data that are JSON stand in the default body as JSON and not as text. */
  readonly parseData: boolean;
  /** The twin's `deviceName`: kept equal to the device's name, or written when the identity is made and never again. */
  readonly nameSync: "continuous" | "once";
  /** Make the identities that the hub lacks. Off: their events wait until somebody else has made them. */
  readonly createIdentities: boolean;
  /** Stands before the device's id in its id in the hub. */
  readonly deviceIdPrefix: string;
}

export interface AzureIotHubIntegration extends IntegrationBase, AzureIotHubOptions {
  readonly type: "AzureIotHub";
  /** As the user wrote it: bare name, full host name, or `local`. */
  readonly hubName: string;
  readonly policyName: string;
  readonly connectionId: string;
}

/** Its secrets are kept apart. */
export interface WebhookIntegration extends IntegrationBase, WebhookOptions {
  readonly type: "Webhook";
}

/** What an Azure IoT Hub integration does when its user says nothing else. */
export const AZURE_IOT_HUB_DEFAULTS: AzureIotHubOptions = {
  template: null,
  contentType: "application/json",
  properties: {},
  parseData: false,
  nameSync: "continuous",
  createIdentities: true,
  deviceIdPrefix: "",
};

/** The device's id in the integration's hub. Lanes and deliveries go by the device's own id. */
export function hubDeviceId(
  { deviceIdPrefix }: Pick<AzureIotHubIntegration, "deviceIdPrefix">,
  deviceId: string,
): string {
  return deviceIdPrefix === "" ? deviceId : deviceIdPrefix + deviceId;
}

/** The device that an id in a hub stands for, where an integration's prefix may stand before it. */
export function prefixedDevice(inHub: string): string {
  const [id = inHub] = /[0-9a-f]{24}$/.exec(inHub) ?? [];
  return id;
}

/** One hub as one principal. Integrations with the same host, policy and credentials share it, and so its AMQP connections. */
export interface HubConnection {
  readonly id: string;
  /** Full host name, or `local` for the Local Hub, whose ports are known only at run time. */
  readonly hostName: string;
  readonly policyName: string;
  /** Secret: never logged, never answered. */
  readonly policyKey: string;
  /** Secret. The policy's other key, tried when the hub refuses the first. */
  readonly secondaryKey: string | null;
  /** Who asks for identities and twins in place of the policy; messages are sent with the policy's key all the same. */
  readonly entra: EntraCredential | null;
}

/** A Microsoft Entra application or managed identity with a data role of the hub. */
export type EntraCredential =
  | { readonly kind: "managed_identity"; readonly clientId: string | null }
  | { readonly kind: "workload_identity"; readonly tenantId: string; readonly clientId: string }
  | {
      readonly kind: "client_secret";
      readonly tenantId: string;
      readonly clientId: string;
      /** Secret: never logged, never answered. */
      readonly clientSecret: string;
    };
