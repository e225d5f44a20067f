/**
 * Where hubs are and with which key: Azure's by their names, the Local Hub by the ports and keys of its process. Whoever
 * runs the bridge runs the Local Hub too, so its policy and key may be left out.
 */
import { hubHost, LOCAL_HUB, type HubHost } from "./core/hub-host.ts";
import type { HubEndpoint } from "./core/hub-client.ts";
import type { HubConnection, Integration } from "./core/integration.ts";
import type { LocalHub } from "./local-hub.ts";
import type { ParaHub } from "./para-settings.ts";

export interface HubReachOptions {
  readonly store: {
    integration(id: string): Promise<Integration | null>;
    connection(id: string): Promise<HubConnection | null>;
  };
  /** `null`: there is none. */
  readonly localHub: Pick<LocalHub, "addresses"> | null;
  /** Further hosts that the operator trusts. Lower case. */
  readonly hubHosts: readonly string[];
  /** The hub of Para's settings. */
  readonly paraHub: ParaHub | null;
}

export interface HubReach {
  /** `undefined` while it is not known. */
  endpointOf(connection: HubConnection): HubEndpoint | undefined;
  /** As it is kept, with the Local Hub's key where it has none of its own; or one of the server's own, by its name. */
  connection(id: string): Promise<HubConnection | null>;
  /** The server's own connection that mirrors states where nobody has set another; `null`: there is none. */
  readonly defaultConnectionId: string | null;
  /** Of an integration, by its id, or of the Local Hub, by its name. */
  connectionOf(hub: string): Promise<HubConnection | null>;
  /** With the Local Hub's key where it is that and has none of its own. */
  withKey(connection: HubConnection): HubConnection;
  /** Which host a user means by a `hub_name`. */
  hostOf(hubName: string): HubHost;
}

const LOCAL_CONNECTION: HubConnection = {
  id: LOCAL_HUB,
  hostName: LOCAL_HUB,
  policyName: "",
  policyKey: "",
  secondaryKey: null,
  entra: null,
};

/** The id of the connection that Para's settings make. */
export const PARA_HUB = "para";

export function createHubReach({ store, localHub, hubHosts, paraHub }: HubReachOptions): HubReach {
  async function connection(id: string): Promise<HubConnection | null> {
    if (id === LOCAL_HUB) return localHub === null ? null : withLocalKey(LOCAL_CONNECTION, localHub);
    if (id === PARA_HUB) return paraHub === null ? null : paraConnection(paraHub);
    const kept = await store.connection(id);
    return kept === null ? null : withKey(kept);
  }
  const withKey = (given: HubConnection): HubConnection => (localHub === null ? given : withLocalKey(given, localHub));
  return {
    connection,
    withKey,
    defaultConnectionId: paraHub !== null ? PARA_HUB : localHub !== null ? LOCAL_HUB : null,

    async connectionOf(hub) {
      if (hub === LOCAL_HUB) return connection(hub);
      const integration = await store.integration(hub);
      return integration?.type === "AzureIotHub" ? connection(integration.connectionId) : null;
    },

    endpointOf({ hostName }) {
      if (hostName === LOCAL_HUB) return localHub === null ? undefined : localEndpoint(localHub);
      return { hostName, httpsPort: 443, amqpsPort: 5671, allowPrivate: hubHosts.includes(hostName) };
    },

    hostOf(hubName) {
      const asked = hubName.trim().toLowerCase();
      // Who pastes the Local Hub's connection string means the Local Hub.
      if (localHub !== null && asked === localHub.addresses.hostName) return { ok: true, hostName: LOCAL_HUB };
      if (asked === LOCAL_HUB && localHub === null) {
        return { ok: false, message: "'local' needs the Local Hub: start with ISTHMUS_LOCAL_HUB=on" };
      }
      return hubHost(hubName, hubHosts);
    },
  };
}

// Para knows one policy only, for the hub and for its event endpoint alike.
function paraConnection({ hostName, accessKey }: ParaHub): HubConnection {
  const connection = { id: PARA_HUB, hostName, policyName: "iothubowner", policyKey: accessKey };
  return { ...connection, secondaryKey: null, entra: null };
}

function withLocalKey(connection: HubConnection, { addresses }: Pick<LocalHub, "addresses">): HubConnection {
  if (connection.hostName !== LOCAL_HUB || connection.policyKey !== "") return connection;
  const policyName = connection.policyName === "" ? "iothubowner" : connection.policyName;
  return { ...connection, policyName, policyKey: addresses.policies[policyName] ?? "" };
}

function localEndpoint({ addresses }: Pick<LocalHub, "addresses">): HubEndpoint {
  return {
    hostName: addresses.hostName,
    httpsPort: addresses.httpsPort,
    amqpsPort: addresses.amqpsPort,
    ca: addresses.ca,
    allowPrivate: true,
    // Devices think of 8883 themselves.
    ...(addresses.mqttsPort !== 8883 && { deviceGateway: `${addresses.hostName}:${addresses.mqttsPort}` }),
    linksPerSecond: Infinity,
    eventHubConnectionString: addresses.plainEventHubConnectionString,
  };
}
