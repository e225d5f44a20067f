/** Where a hub's messages are read: found through the hub, or where its user says. */
import {
  ConnectionStringError,
  formatEventHubConnectionString,
  parseConnectionString,
  parseEventHubConnectionString,
} from "iot-hub-protocol";
import type { EventHubConnectionString } from "iot-hub-protocol";
import type { EventEndpoint } from "../../core/device-state.ts";
import { fail, succeed } from "../../core/failure.ts";
import type { Failure, Result } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import { addressGuard } from "../../network/address-guard.ts";
import { findEventHub } from "../event-hub-redirect.ts";
import { networkFailure } from "../network-failure.ts";

export interface EventHubTarget {
  /** Event Hubs-compatible. Secret. */
  readonly connectionString: string;
  /** Without its port. */
  readonly hostName: string;
  /** Whether it is signed in to with the connection's own policy. */
  readonly isOfPolicy: boolean;
}

export interface TargetOptions {
  readonly endpoint: HubEndpoint;
  readonly connection: HubConnection;
  /** The policy's token for the hub's host. */
  readonly token: string;
  /** `null`: found through the hub. */
  readonly given: EventEndpoint | null;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds for the hub's answer. */
  readonly answerTimeout: number;
}

/** Fails when it cannot be found, understood, or must not be connected to. */
export async function findTarget(options: TargetOptions): Promise<Result<EventHubTarget>> {
  const { endpoint, connection, given } = options;
  const { eventHubConnectionString: known } = endpoint;
  if (given !== null) return guarded(readGiven(given, endpoint, connection), endpoint);
  if (known !== undefined) return guarded(succeed({ text: known, isOfPolicy: false }), endpoint);
  const found = await findEventHub(options);
  return guarded(found.ok ? succeed({ text: found.value, isOfPolicy: true }) : found, endpoint);
}

interface Found {
  readonly text: string;
  readonly isOfPolicy: boolean;
}

async function guarded(found: Result<Found>, { allowPrivate }: HubEndpoint): Promise<Result<EventHubTarget>> {
  if (!found.ok) return found;
  const { text: connectionString, isOfPolicy } = found.value;
  const hostName = hostOf(parseEventHubConnectionString(connectionString));
  const refused = await refusedHost(hostName, allowPrivate);
  return refused === null ? succeed({ connectionString, hostName, isOfPolicy }) : { ok: false, failure: refused };
}

function readGiven({ endpoint: text, name }: EventEndpoint, hub: HubEndpoint, policy: HubConnection): Result<Found> {
  try {
    const isWhole = /(?:^|;)\s*Endpoint\s*=/i.test(text);
    const fields = isWhole ? parseConnectionString(text) : new Map([["Endpoint", urlOf(text)]]);
    const isOfPolicy = !fields.has("SharedAccessKey");
    const parts = parseEventHubConnectionString(
      [
        ...[...fields].filter(([field]) => field !== "EntityPath").map(([field, value]) => `${field}=${value}`),
        ...(isOfPolicy ? [`SharedAccessKeyName=${policy.policyName}`, `SharedAccessKey=${policy.policyKey}`] : []),
        `EntityPath=${name === "" ? (fields.get("EntityPath") ?? "") : name}`,
      ].join(";"),
    );
    // Who names the Local Hub means it, whichever of its ports is in its strings.
    const local = hub.eventHubConnectionString;
    if (local !== undefined && hostOf(parts) === hub.hostName) return succeed({ text: local, isOfPolicy: false });
    return succeed({ text: formatEventHubConnectionString(parts), isOfPolicy });
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    return fail("stream_not_found", `The event endpoint that is set cannot be used: ${error.message}`);
  }
}

function urlOf(text: string): string {
  const host = text.trim().replace(/^(?:sb|amqps|https):\/\//i, "");
  return `sb://${host}`;
}

function hostOf({ endpoint }: EventHubConnectionString): string {
  return endpoint.replace(/:\d+$/, "");
}

// The client takes no `lookup`; what it will connect to is at least looked at before.
function refusedHost(hostName: string, allowPrivate: boolean): Promise<Failure | null> {
  const guard = addressGuard({ allowPrivate });
  if (!guard.admitsLiteral(hostName))
    return Promise.resolve({ code: "hub_address_refused", message: `${hostName} is no public address.` });
  return new Promise((resolve) => {
    guard.lookup(hostName, {}, (error) => resolve(error === null ? null : networkFailure(error, hostName)));
  });
}
