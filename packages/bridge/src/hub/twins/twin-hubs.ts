/** The one place where the parts of the port to twins and their devices come together. */
import { succeed } from "../../core/failure.ts";
import type { DeviceHub } from "../../core/device-desk.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { Log } from "../../core/log.ts";
import type { TwinHubs } from "../../core/twin-hub.ts";
import type { EntraOptions } from "../entra/entra-credential.ts";
import { openEntraTokens } from "../entra/entra-tokens.ts";
import { HubTurns } from "../hub-turns.ts";
import { KeyReturn } from "../key-return.ts";
import { KeyRing } from "../key-ring.ts";
import { entraAccess, policyAccess } from "../registry-access.ts";
import type { RegistryAccess } from "../registry-access.ts";
import { RegistryRequests } from "../registry-requests.ts";
import { RegistryTransport } from "../registry-transport.ts";
import { StreamReader } from "../stream/stream-reader.ts";
import type { StreamTimes } from "../stream/stream-reader.ts";
import { DeviceMessages } from "./device-messages.ts";
import { DeviceMethods } from "./device-methods.ts";
import { DeviceRegistry } from "./device-registry.ts";
import { REPORT_LIMITS } from "./report-connection.ts";
import type { ReportLimits } from "./report-connection.ts";
import { ReportedProperties } from "./reported-properties.ts";
import { TwinQuery } from "./twin-query.ts";
import { TwinRegistry } from "./twin-registry.ts";

/** Requests under way at the same time: a far hub answers each after a tenth of a second. */
const CONNECTIONS = 16;
/** Direct methods under way at the same time. */
const CALLS = 32;
const LARGEST_ANSWER = 64 * 1_048_576;

export interface TwinHubsOptions {
  /** Where a connection's hub is now; `undefined` while that is not known (the Local Hub is starting). Must not throw. */
  readonly endpointOf: (connection: HubConnection) => HubEndpoint | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Milliseconds after which a refused first key is tried again, and then at growing distances. */
  readonly keyReturnAfter?: number;
  readonly entra?: EntraOptions;
  /** Shared with whoever else opens links of devices. */
  readonly turns?: HubTurns;
  readonly reading?: StreamTimes;
  readonly reporting?: Partial<ReportLimits>;
  /** Bytes of one page of twins. */
  readonly largestAnswer?: number;
}

export function createTwinHubs(options: TwinHubsOptions): TwinHubs {
  const { turns = new HubTurns() } = options;
  return { openTwins: (connection) => openTwinHub({ ...options, turns }, connection) };
}

function openTwinHub(options: TwinHubsOptions & { readonly turns: HubTurns }, connection: HubConnection): DeviceHub {
  const { turns } = options;
  const { endpointOf, now, log, keyReturnAfter = 60_000, entra: entraOptions = {}, reading: times = {} } = options;
  const endpoint = (): HubEndpoint | undefined => endpointOf(connection);
  const keys = new KeyRing({
    connection,
    now,
    onChange: (inUse) => {
      log.info({ connectionId: connection.id, hub: connection.hostName, key: inUse }, "hub.key_in_use");
      messages.renewToken();
      reported.renewToken();
      wayBack.watch();
    },
  });
  const wayBack = new KeyReturn({ keys, endpoint, now, firstTry: keyReturnAfter });
  const accessOf = ({ entra }: HubConnection): RegistryAccess =>
    entra === null ? policyAccess(keys) : entraAccess(openEntraTokens(entra, entraOptions, now), now);
  let current = connection;
  let access = accessOf(connection);
  const transport = new RegistryTransport({ endpoint, access: () => access, connections: CONNECTIONS });
  const requests = new RegistryRequests({ transport, now });
  const devices = new DeviceRegistry({ requests, endpoint });
  const twins = new TwinRegistry(requests);
  const messages = new DeviceMessages({ endpoint, keys, now, log });
  // Calls wait for devices, minutes at times: nothing else is to wait behind them.
  const calls = new RegistryTransport({ endpoint, access: () => access, connections: CALLS });
  const methods = new DeviceMethods({ requests: new RegistryRequests({ transport: calls, now }) });
  const reported = new ReportedProperties({
    endpoint,
    keys,
    turns: () => turns.of(connection.hostName),
    now,
    limits: { ...REPORT_LIMITS, ...options.reporting },
  });
  const readers = new Set<StreamReader>();
  const query = new TwinQuery({ requests, largestAnswer: options.largestAnswer ?? LARGEST_ANSWER });
  return {
    createDevice: (deviceId) => devices.create(deviceId),
    device: (deviceId) => devices.find(deviceId),
    updateDevice: (deviceId, change) => devices.update(deviceId, change),
    deleteDevice: (deviceId) => devices.delete(deviceId),
    firstDevices: () => devices.first(),
    deleteGeneration: (deviceId, generationId) => devices.deleteGeneration(deviceId, generationId),
    twin: (deviceId) => twins.twin(deviceId),
    patchDesired: (deviceId, patch, etag) => twins.patchDesired(deviceId, patch, etag),
    report: async (deviceId, patch) => {
      const answer = await reported.report(deviceId, patch);
      if (!answer.ok) return answer;
      if (typeof answer.value === "number") return succeed(answer.value);
      // A hub that does not name the version in its answer names it in the twin.
      const twin = answer.value === "missing" ? succeed(null) : await twins.twin(deviceId);
      return twin.ok ? succeed(twin.value?.reported.version ?? null) : twin;
    },
    sendToDevice: (deviceId, message) => messages.send(deviceId, message),
    identity: (deviceId) => devices.identity(deviceId),
    keys: (deviceId) => devices.keys(deviceId),
    swapKeys: (deviceId) => devices.update(deviceId, { swapKeys: true }),
    deviceToken: (deviceId, key, expiry) => devices.token(deviceId, key, expiry),
    wholeTwin: (deviceId) => twins.whole(deviceId),
    patchTwin: (deviceId, patch, etag) => twins.patch(deviceId, patch, etag),
    invokeMethod: (deviceId, call) => methods.invoke(deviceId, call),
    purgeMessages: (deviceId) => methods.purge(deviceId),
    glance: (asked) => query.glance(asked),
    glanceAt: (deviceIds) => query.glanceAt(deviceIds),
    twins: (asked) => query.twins(asked),
    read: async (stream) => {
      const reader = new StreamReader({ endpoint, connection: () => current, keys, now, log, times }, stream);
      readers.add(reader);
      await reader.run().finally(() => readers.delete(reader));
    },
    renew(renewed) {
      current = renewed;
      access = accessOf(renewed);
      keys.replace(renewed);
      for (const reader of readers) reader.renew();
    },
    close: async () => {
      wayBack.stop();
      await Promise.all([messages.close(), reported.close(), transport.close(), calls.close()]);
    },
  };
}
