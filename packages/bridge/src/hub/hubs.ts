/** The one place where this folder's parts become the port that the rest of the bridge knows. */
import type { HubClient, HubEndpoint, Hubs } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import { monitorEvents } from "./event-reader.ts";
import type { Log } from "../core/log.ts";
import { KeyReturn } from "./key-return.ts";
import { KeyRing } from "./key-ring.ts";
import { HubTurns } from "./hub-turns.ts";
import type { EntraOptions } from "./entra/entra-credential.ts";
import { openEntraTokens } from "./entra/entra-tokens.ts";
import { entraAccess, policyAccess } from "./registry-access.ts";
import type { RegistryAccess } from "./registry-access.ts";
import { RegistryClient } from "./registry-client.ts";
import { RegistryTransport } from "./registry-transport.ts";
import { Telemetry, TELEMETRY_LIMITS } from "./telemetry.ts";
import type { TelemetryPoolLimits } from "./telemetry.ts";

export interface HubsOptions {
  /** Where a connection's hub is now; `undefined` while that is not known (the Local Hub is starting). Must not throw. */
  readonly endpointOf: (connection: HubConnection) => HubEndpoint | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: Partial<TelemetryPoolLimits>;
  /** Milliseconds after which a refused first key is tried again, and then at growing distances. */
  readonly keyReturnAfter?: number;
  readonly entra?: EntraOptions;
  /** Shared with whoever else opens links of devices. */
  readonly turns?: HubTurns;
}

export function createHubs({
  endpointOf,
  now,
  log,
  limits = {},
  keyReturnAfter = 60_000,
  entra = {},
  turns = new HubTurns(),
}: HubsOptions): Hubs {
  return {
    open: (connection) => openHubClient({ endpointOf, now, log, limits, keyReturnAfter, entra, turns }, connection),
    monitor: (connection, options) => monitorEvents({ endpointOf, now }, connection, options),
  };
}

function openHubClient(
  { endpointOf, now, log, limits, keyReturnAfter, entra: entraOptions, turns }: Required<HubsOptions>,
  connection: HubConnection,
): HubClient {
  const endpoint = (): HubEndpoint | undefined => endpointOf(connection);
  const keys = new KeyRing({
    connection,
    now,
    onChange: (inUse) => {
      log.info({ connectionId: connection.id, hub: connection.hostName, key: inUse }, "hub.key_in_use");
      telemetry.renewTokens();
      wayBack.watch();
    },
  });
  const wayBack = new KeyReturn({ keys, endpoint, now, firstTry: keyReturnAfter });
  const accessOf = ({ entra }: HubConnection): RegistryAccess =>
    entra === null ? policyAccess(keys) : entraAccess(openEntraTokens(entra, entraOptions, now), now);
  let access = accessOf(connection);
  const transport = new RegistryTransport({ endpoint, access: () => access });
  const registry = new RegistryClient({ transport, now });
  const telemetry = new Telemetry({
    endpoint,
    keys,
    turns: turns.of(connection.hostName),
    now,
    log,
    limits: { ...TELEMETRY_LIMITS, ...limits },
  });
  return {
    send: (deviceId, message) => telemetry.send(deviceId, message),
    hasLink: (deviceId) => telemetry.hasOpen(deviceId),
    createIdentity: (deviceId) => registry.createIdentity(deviceId),
    getIdentity: (deviceId) => registry.getIdentity(deviceId),
    deleteIdentity: (deviceId) => registry.deleteIdentity(deviceId),
    getTwin: (deviceId) => registry.getTwin(deviceId),
    patchDesired: (deviceId, patch) => registry.patchDesired(deviceId, patch),
    renew(renewed) {
      access = accessOf(renewed);
      keys.replace(renewed);
    },
    keyInUse: () => keys.inUse,
    close: async () => {
      wayBack.stop();
      await Promise.all([telemetry.close(), transport.close()]);
    },
  };
}
