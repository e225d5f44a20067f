/** Settings that Para documents, by Para's own names: an app's default connection to a hub. */
import { ConnectionStringError, parseConnectionString } from "iot-hub-protocol";
import { hubHost } from "./core/hub-host.ts";
import type { EventEndpoint } from "./core/device-state.ts";

export interface ParaSettings {
  /** `false`: nobody makes Things here. Where it is not set, a hub is all that is needed. */
  readonly iotEnabled: boolean;
  /** Mirrors the Things of apps that have no hub of their own; `null`: the Local Hub does, where there is one. */
  readonly hub: ParaHub | null;
  /** Part of the ids of Things: servers that make Things in the same hub have different ones. From 0 to 31. */
  readonly workerId: number;
  /** Secret: the root app's, from its first start on. `null`: one is made. */
  readonly rootSecret: string | null;
}

export interface ParaHub {
  /** Full host name. */
  readonly hostName: string;
  /** Secret: the key of the policy `iothubowner`. */
  readonly accessKey: string;
  /** `null`: found through the hub. */
  readonly events: EventEndpoint | null;
}

type Settings = Readonly<Record<string, string | undefined>>;
type Refuse = (message: string) => Error;

const NAMES = {
  enabled: "para.iot_enabled",
  hostName: "para.azure.iot_hostname",
  accessKey: "para.azure.iot_access_key",
  eventHubName: "para.azure.iot_eventhub_name",
  eventHubEndpoint: "para.azure.iot_eventhub_endpoint",
  rootSecret: "para.root_secret_override",
  workerId: "para.worker_id",
} as const;

/** The shortest secret with which requests may be signed. */
const SHORTEST_SECRET = 6;

/**
 * Para's settings of one source, by their names with dots, so that one source can win over another however each spells
 * them. As in Para, a name may have underscores in place of dots, in either letter case, with or without `para_`.
 */
export function namedWithDots(settings: Settings): Settings {
  const found = Object.values(NAMES).flatMap((name): [string, string][] => {
    const underscored = name.replaceAll(".", "_");
    const bare = underscored.slice("para_".length);
    const spellings = [name, underscored, underscored.toUpperCase(), bare];
    const value = spellings.map((spelling) => settings[spelling]?.trim()).find((text) => text);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}

/** Of settings named with dots. */
export function readParaSettings(settings: Settings, hubHosts: readonly string[], refuse: Refuse): ParaSettings {
  const text = (name: string): string | null => settings[name]?.trim() || null;
  const hub = paraHub(text, hubHosts, refuse);
  const rootSecret = text(NAMES.rootSecret);
  if (rootSecret !== null && rootSecret.length < SHORTEST_SECRET) {
    throw refuse(`${NAMES.rootSecret} takes at least ${SHORTEST_SECRET} characters.`);
  }
  const workerId = Number(text(NAMES.workerId) ?? "1");
  if (!Number.isInteger(workerId) || workerId < 0 || workerId > 31) throw refuse(`${NAMES.workerId} takes 0 to 31.`);
  return { iotEnabled: isOn(text(NAMES.enabled), refuse), hub, workerId, rootSecret };
}

function paraHub(text: (name: string) => string | null, hubHosts: readonly string[], refuse: Refuse): ParaHub | null {
  const [named, accessKey] = [text(NAMES.hostName), text(NAMES.accessKey)];
  const [eventHubName, eventHubEndpoint] = [text(NAMES.eventHubName), text(NAMES.eventHubEndpoint)];
  if (named === null && accessKey === null && eventHubName === null && eventHubEndpoint === null) return null;
  if (named === null || accessKey === null) {
    throw refuse(
      `${NAMES.hostName} and ${NAMES.accessKey} go together: ${named === null ? "the first" : "the second"} is missing.`,
    );
  }
  const host = hubHost(named, hubHosts);
  if (!host.ok) throw refuse(`${NAMES.hostName} ${host.message}, or a name that ISTHMUS_HUB_HOSTS lists.`);
  const events = eventEndpoint(eventHubEndpoint, eventHubName, refuse);
  return { hostName: host.hostName, accessKey, events };
}

/** Of a whole connection string, as Azure's portal shows it, all but name and key: those of the hub are at hand. */
function eventEndpoint(text: string | null, named: string | null, refuse: Refuse): EventEndpoint | null {
  if (text === null && named === null) return null;
  const fields = text === null ? null : stringFields(text, refuse);
  const name = named ?? (fields?.get("EntityPath") || null);
  if (text === null || name === null) {
    throw refuse(
      `${NAMES.eventHubName} and ${NAMES.eventHubEndpoint} go together, unless the latter is the whole connection ` +
        "string with its EntityPath; without both they are found through the hub.",
    );
  }
  if (fields === null) return { name, endpoint: text };
  if ((fields.get("EntityPath") ?? name) !== name) {
    throw refuse(
      `${NAMES.eventHubEndpoint} is a connection string with another EntityPath than ${NAMES.eventHubName}.`,
    );
  }
  const kept = [...fields].filter(([field]) => !/^(?:EntityPath|SharedAccess\w*)$/.test(field));
  const isBare = kept.length === 1 && kept[0]![0] === "Endpoint";
  return { name, endpoint: isBare ? kept[0]![1] : kept.map(([field, value]) => `${field}=${value}`).join(";") };
}

/** `null`: it is an address alone. */
function stringFields(text: string, refuse: Refuse): ReadonlyMap<string, string> | null {
  if (!text.includes("=")) return null;
  try {
    const fields = parseConnectionString(text);
    if (fields.get("Endpoint")) return fields;
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
  }
  throw refuse(`${NAMES.eventHubEndpoint} takes an address (sb://…) or the Event Hub-compatible connection string.`);
}

function isOn(text: string | null, refuse: Refuse): boolean {
  const value = (text ?? "true").toLowerCase();
  if (["true", "on", "1", "yes"].includes(value)) return true;
  if (["false", "off", "0", "no"].includes(value)) return false;
  throw refuse(`${NAMES.enabled} takes 'true' or 'false'.`);
}
