/** Where an integration takes its events from: one account's own devices, or a product's fleet. */
export type Scope =
  | { readonly kind: "sandbox"; readonly accountId: string }
  | { readonly kind: "product"; readonly productId: number };

/** An event-name prefix, a device scope and a target. Data, no behaviour. */
export interface Integration {
  readonly id: string;
  readonly type: "AzureIotHub";
  readonly scope: Scope;
  /** Case-sensitive prefix of the event names it takes. */
  readonly event: string;
  /** Sandbox only: the one device it is tied to. */
  readonly deviceId: string | null;
  readonly name: string;
  /** As the user wrote it: bare name, full host name, or `local`. */
  readonly hubName: string;
  readonly policyName: string;
  readonly connectionId: string;
  /** Replaces the default body: a Mustache text, or an object whose string values are Mustache. */
  readonly template: string | object | null;
  /** Keep the twin's `deviceName` equal to the device's name after a rename too. */
  readonly nameSync: boolean;
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
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
