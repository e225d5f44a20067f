/** What a request says of the settings of states: judged field by field; what it leaves out stays as it is stored. */
import { STATE_DEFAULTS, type EventEndpoint, type StateSettings } from "../../core/device-state.ts";
import { isAzureHub, LOCAL_HUB } from "../../core/hub-host.ts";
import { MASKED } from "../../core/secret-names.ts";
import type { ScopeStateSettings, StateHubSettings } from "../../core/state-store.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { connectionSettingsOf } from "../particle/connection-settings.ts";
import type { ApiDependencies } from "../dependencies.ts";

/** Seconds. Shorter than 10 would cost a hub more than it mends; a day is as good as never. */
const SWEEP = { shortest: 10, longest: 86_400 } as const;
const CHOICES = {
  telemetry: ["merge", "replace", "ignore"],
  conflicts: ["newest", "hub", "ours"],
} as const;
const AZURE_EVENTS = /\.servicebus\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$/;
const FIELDS = new Set([
  ...Object.keys(CHOICES),
  "cloud_to_device",
  "consumer_group",
  "event_endpoint",
  "event_hub_name",
  "sweep_seconds",
  "hub_name",
  "policy_name",
  "policy_key",
  "secondary_policy_key",
]);
/** What an answer shows beside the settings: sent back as it came, it means nothing. */
const SHOWN_FIELDS = new Set(["access_token", "connection", "is_default"]);

export interface StateSettingsContext {
  readonly hubHostRule: ApiDependencies["hubHostRule"];
  readonly stored: ScopeStateSettings | null;
  /** The operator's hubs mirror the states of many: only the operator says how they are read. */
  readonly isOperator: boolean;
}

/** How a hub is read and compared concerns all whose states it mirrors. */
const OF_THE_HUB = {
  consumer_group: "consumerGroup",
  event_endpoint: "eventEndpoint",
  sweep_seconds: "sweepSeconds",
} as const satisfies Record<string, keyof StateSettings>;

/** Throws 400 with the field's name in the error. */
export function stateSettingsOf(
  fields: Fields,
  context: StateSettingsContext,
): { readonly settings: StateSettings; readonly hub: StateHubSettings | null } {
  const unknown = Object.keys(fields).find((field) => !FIELDS.has(field) && !SHOWN_FIELDS.has(field));
  if (unknown !== undefined) {
    const name = /^[a-z_]{1,40}$/i.test(unknown) ? unknown : "of that name";
    throw badRequest(`State settings have no field ${name}: ${[...FIELDS].join(", ")}`);
  }
  const hub = hubIn(fields, context);
  const stored = context.stored?.settings ?? STATE_DEFAULTS;
  const settings: StateSettings = {
    telemetry: choice(fields, "telemetry") ?? stored.telemetry,
    conflicts: choice(fields, "conflicts") ?? stored.conflicts,
    cloudToDevice: optionalFlag(fields, "cloud_to_device") ?? stored.cloudToDevice,
    consumerGroup: consumerGroupIn(fields) ?? stored.consumerGroup,
    eventEndpoint: eventEndpointIn(fields, stored.eventEndpoint, context.hubHostRule),
    // Given as `null`: as often as suits the hub.
    sweepSeconds:
      fields["sweep_seconds"] === undefined
        ? stored.sweepSeconds
        : optionalInteger(fields, "sweep_seconds", SWEEP.shortest, SWEEP.longest),
  };
  const isOwn = hub !== null && hub.hostName !== LOCAL_HUB;
  return { settings: isOwn || context.isOperator ? settings : withHubsDefaults(settings, context.stored), hub };
}

/** What was set for a hub of one's own ends with it; what is set now is refused. */
function withHubsDefaults(settings: StateSettings, stored: ScopeStateSettings | null): StateSettings {
  for (const [field, name] of Object.entries(OF_THE_HUB)) {
    const isNews = JSON.stringify(settings[name]) !== JSON.stringify((stored?.settings ?? STATE_DEFAULTS)[name]);
    const isDefault = JSON.stringify(settings[name]) === JSON.stringify(STATE_DEFAULTS[name]);
    if (isNews && !isDefault) {
      throw badRequest(`${field} is for a hub of your own: give hub_name, or ask the operator of this server`);
    }
  }
  const { consumerGroup, eventEndpoint, sweepSeconds } = STATE_DEFAULTS;
  return { ...settings, consumerGroup, eventEndpoint, sweepSeconds };
}

/** No secret leaves the server: keys are masked. */
export function stateSettingsJson(stored: ScopeStateSettings | null): Record<string, unknown> {
  const settings = stored?.settings ?? STATE_DEFAULTS;
  const hub = stored?.hub ?? null;
  return {
    telemetry: settings.telemetry,
    conflicts: settings.conflicts,
    cloud_to_device: settings.cloudToDevice,
    consumer_group: settings.consumerGroup,
    event_endpoint: settings.eventEndpoint?.endpoint ?? null,
    event_hub_name: settings.eventEndpoint?.name ?? null,
    sweep_seconds: settings.sweepSeconds,
    hub_name: hub?.hubName ?? null,
    ...(hub !== null && { policy_name: hub.policyName, policy_key: MASKED, connection: hub.connectionId }),
    is_default: stored === null,
  };
}

function choice<F extends keyof typeof CHOICES>(fields: Fields, field: F): (typeof CHOICES)[F][number] | null {
  const text = optionalText(fields, field, 20);
  if (text === null) return null;
  const found = CHOICES[field].find((one) => one === text);
  if (found === undefined) throw badRequest(`${field} must be one of ${CHOICES[field].join(", ")}`);
  return found;
}

function consumerGroupIn(fields: Fields): string | null {
  const group = optionalText(fields, "consumer_group", 50);
  if (group !== null && group !== "$Default" && !/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(group)) {
    throw badRequest(
      "consumer_group must be $Default or letters, digits and . _ -, as the hub's Built-in endpoints shows it",
    );
  }
  return group;
}

/** Given as `null` it is found through the hub again. */
function eventEndpointIn(
  fields: Fields,
  stored: EventEndpoint | null,
  hubHostRule: ApiDependencies["hubHostRule"],
): EventEndpoint | null {
  if (fields["event_endpoint"] === undefined && fields["event_hub_name"] === undefined) return stored;
  const text = "event_endpoint" in fields ? optionalText(fields, "event_endpoint", 1024)?.trim() : stored?.endpoint;
  const named = "event_hub_name" in fields ? optionalText(fields, "event_hub_name", 256)?.trim() : stored?.name;
  if (!text && !named) return null;
  if (!text) throw badRequest("event_endpoint is required with event_hub_name");
  const { endpoint, name } = endpointParts(text, hubHostRule);
  if (name !== null && named && named !== name && "event_hub_name" in fields) {
    throw badRequest("event_endpoint is a connection string with another event_hub_name");
  }
  const hubName = name ?? named;
  if (!hubName) throw badRequest("event_hub_name is required with event_endpoint");
  if (!/^[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?$/.test(hubName)) {
    throw badRequest("event_hub_name must be the Event Hub-compatible name that the hub's Built-in endpoints shows");
  }
  return { endpoint, name: hubName };
}

/** Of a whole connection string only address and name are kept: it is read with the hub connection's own key. */
function endpointParts(
  text: string,
  hubHostRule: ApiDependencies["hubHostRule"],
): { readonly endpoint: string; readonly name: string | null } {
  const part = (name: string): string | undefined => new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, "i").exec(text)?.[1];
  const address = (part("Endpoint") ?? text).trim();
  const hostName = /^(?:sb:\/\/)?((?:[a-z0-9-]+\.)+[a-z0-9-]+)\/?$/i.exec(address)?.[1]?.toLowerCase();
  if (hostName === undefined || !(AZURE_EVENTS.test(hostName) || isListed(hostName, hubHostRule))) {
    throw badRequest(
      "event_endpoint must be an address such as sb://iothub-ns-name.servicebus.windows.net/, or of a host that ISTHMUS_HUB_HOSTS lists",
    );
  }
  return { endpoint: `sb://${hostName}/`, name: part("EntityPath")?.trim() ?? null };
}

/** At Azure a hub's own host has no stream to read. */
function isListed(hostName: string, hubHostRule: ApiDependencies["hubHostRule"]): boolean {
  return !isAzureHub(hostName) && hubHostRule(hostName).ok;
}

/** `null`: the server's default hub. An empty `hub_name` goes back to it. */
function hubIn(fields: Fields, { hubHostRule, stored }: StateSettingsContext): StateHubSettings | null {
  const kept = stored?.hub ?? null;
  const given = fields["hub_name"];
  const isNamed = given !== undefined && given !== null && given !== "";
  if (given === null || given === "") return null;
  const mentions = ["policy_name", "policy_key", "secondary_policy_key"].some((field) => fields[field] !== undefined);
  if (!isNamed && kept === null) {
    if (mentions) throw badRequest("hub_name is required with policy_name and policy_key");
    return null;
  }
  // A kept key goes only to the hub that it was given for.
  const isSame = kept !== null && (!isNamed || given === kept.hubName);
  const { entra: _none, ...hub } = connectionSettingsOf(fields, {
    hubHostRule,
    entraRule: () => "states are mirrored with a policy and its key",
    ...(isSame && { stored: { hubName: kept.hubName, policyName: kept.policyName, connection: null } }),
  });
  return hub;
}
