/** Where a running hub is, and the connection strings that lead to it. */
import { resolve } from "node:path";
import { formatEventHubConnectionString, formatHubConnectionString } from "iot-hub-protocol";
import type { Hub } from "./hub/hub.ts";
import { AMQPS_PORT } from "./hub-ports.ts";
import type { HubPorts } from "./hub-ports.ts";
import type { Provisioning } from "./provisioning/provisioning.ts";
import type { ServerCredentials } from "./tls/development-ca.ts";

/** Where a running hub is and how to sign in. Plain data: it travels between processes. */
export interface EmulatorAddresses {
  readonly hostName: string;
  readonly httpsPort: number;
  readonly amqpsPort: number;
  readonly mqttsPort: number;
  readonly amqpPort: number;
  /** Absolute path and PEM of the CA to trust. */
  readonly caFile: string;
  readonly ca: string;
  /** Of the policy `iothubowner`. Names no port, because most clients of hubs accept none. */
  readonly connectionString: string;
  readonly eventHubConnectionString: string;
  /** For Event Hubs clients over plain TCP (`UseDevelopmentEmulator=true`). */
  readonly plainEventHubConnectionString: string;
  /** What devices name when they register at the provisioning service, which answers at the same host. */
  readonly idScope: string;
  /** Of the policy `provisioningserviceowner`. */
  readonly provisioningConnectionString: string;
  /** Primary key by policy name. */
  readonly policies: Readonly<Record<string, string>>;
}

/** What clients need to connect to a running hub. */
export function addressesOf(
  { hub, provisioning }: { readonly hub: Hub; readonly provisioning: Provisioning },
  credentials: ServerCredentials,
  ports: HubPorts,
): EmulatorAddresses {
  const { hostName, eventHubName } = hub;
  const reader = {
    sharedAccessKeyName: "service",
    sharedAccessKey: hub.policies.get("service")?.primaryKey ?? "",
    entityPath: eventHubName,
  };
  // Clients of Event Hubs take a port, but think of 5671 themselves.
  const endpoint = ports.amqps === AMQPS_PORT ? hostName : `${hostName}:${ports.amqps}`;
  return {
    hostName,
    httpsPort: ports.https,
    amqpsPort: ports.amqps,
    mqttsPort: ports.mqtts,
    amqpPort: ports.amqp,
    caFile: resolve(credentials.caFile),
    ca: credentials.ca,
    connectionString: hubConnectionString(hub, "iothubowner"),
    eventHubConnectionString: formatEventHubConnectionString({ ...reader, endpoint, developmentEmulator: false }),
    plainEventHubConnectionString: formatEventHubConnectionString({
      ...reader,
      endpoint: `${hostName}:${ports.amqp}`,
      developmentEmulator: true,
    }),
    idScope: provisioning.idScope,
    provisioningConnectionString: formatHubConnectionString({
      hostName,
      sharedAccessKeyName: provisioning.policy.name,
      sharedAccessKey: provisioning.policy.primaryKey,
    }),
    policies: Object.fromEntries([...hub.policies].map(({ name, primaryKey }) => [name, primaryKey])),
  };
}

/** Service connection string of a policy. */
export function hubConnectionString(hub: Hub, policyName: string): string {
  const policy = hub.policies.get(policyName);
  if (policy === undefined) throw new Error(`There is no policy ${policyName}.`);
  const { hostName } = hub;
  return formatHubConnectionString({ hostName, sharedAccessKeyName: policyName, sharedAccessKey: policy.primaryKey });
}

/** Connection string of a device or module: with its primary key, or `x509=true` where it has none. Throws `DeviceNotFound` or `ModuleNotFound`. */
export function deviceConnectionString(hub: Hub, deviceId: string, moduleId?: string): string {
  const { authentication } = hub.registry.get(deviceId, moduleId);
  const { primaryKey } = authentication.symmetricKey;
  const isByKey = authentication.type === "sas" && primaryKey !== null;
  return [
    `HostName=${hub.hostName}`,
    `DeviceId=${deviceId}`,
    ...(moduleId === undefined ? [] : [`ModuleId=${moduleId}`]),
    isByKey ? `SharedAccessKey=${primaryKey}` : "x509=true",
  ].join(";");
}
