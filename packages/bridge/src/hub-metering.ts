/**
 * Counts what hubs charge for beside the messages of deliveries, which the store counts as they settle: twins, queries,
 * direct methods, messages to devices, tests. Written every few seconds: a crash may lose that much of a count.
 */
import type { DeviceHub, MethodAnswer, MethodCall, TwinPatch } from "./core/device-desk.ts";
import type { HubClient, Hubs } from "./core/hub-client.ts";
import type { HubMeters, MeteredUse, MeterKind } from "./core/hub-meter.ts";
import type { Log } from "./core/log.ts";
import type { Result } from "./core/failure.ts";
import type { TwinHubs } from "./core/twin-hub.ts";
import { messageSize } from "./message/message-size.ts";

const WRITE_EVERY_MS = 2_000;
/** Until the next write; a hub that is asked more often than that in two seconds is not there. */
const MAX_WAITING = 100_000;

type Count = (connectionId: string, kind: MeterKind, bytes: number) => void;

export interface HubMetering {
  readonly count: Count;
  stop(): Promise<void>;
}

export function startHubMetering({ store, log }: { readonly store: HubMeters; readonly log: Log }): HubMetering {
  let waiting: MeteredUse[] = [];
  const write = async (): Promise<void> => {
    const uses = waiting;
    waiting = [];
    if (uses.length === 0) return;
    await store
      .addMetered(uses)
      .catch((error: unknown) => log.warn({ reason: String(error) }, "hub_meter.not_written"));
  };
  const timer = setInterval(() => void write(), WRITE_EVERY_MS);
  timer.unref();
  return {
    count(connectionId, kind, bytes) {
      if (waiting.length < MAX_WAITING) waiting.push({ connectionId, kind, bytes, at: Date.now() });
    },
    async stop() {
      clearInterval(timer);
      await write();
    },
  };
}

/** Clients whose questions about twins are counted, and whose messages too where nobody else counts them. */
export function meteredHubs(hubs: Hubs, count: Count, sends: "sends_counted" | "sends_counted_elsewhere"): Hubs {
  return {
    open(connection) {
      const client = hubs.open(connection);
      const twin = counted((bytes) => count(connection.id, "twin", bytes));
      const metered: HubClient = {
        async send(deviceId, message) {
          const outcome = await client.send(deviceId, message);
          if (outcome.kind === "delivered") count(connection.id, "test", messageSize(message).bytes);
          return outcome;
        },
        hasLink: (deviceId) => client.hasLink(deviceId),
        createIdentity: (deviceId) => client.createIdentity(deviceId),
        getIdentity: (deviceId) => client.getIdentity(deviceId),
        deleteIdentity: (deviceId) => client.deleteIdentity(deviceId),
        getTwin: (deviceId) => twin(client.getTwin(deviceId)),
        patchDesired: (deviceId, patch) => twin(client.patchDesired(deviceId, patch), patch),
        renew: (renewed) => client.renew(renewed),
        keyInUse: () => client.keyInUse(),
        close: () => client.close(),
      };
      if (sends === "sends_counted") return metered;
      return { ...metered, send: (deviceId, message) => client.send(deviceId, message) };
    },
    monitor: (connection, options) => hubs.monitor(connection, options),
  };
}

/** What states, Things and people ask of a hub. */
export function meteredTwinHubs(hubs: TwinHubs, count: Count): TwinHubs {
  return { openTwins: (connection) => metered(hubs.openTwins(connection), (...use) => count(connection.id, ...use)) };
}

function metered(hub: DeviceHub, count: (kind: MeterKind, bytes: number) => void): DeviceHub {
  const twin = counted((bytes) => count("twin", bytes));
  const query = counted((bytes) => count("query", bytes));
  const message = counted((bytes) => count("cloud_to_device", bytes));
  return {
    ...hub,
    twin: (deviceId) => twin(hub.twin(deviceId)),
    wholeTwin: (deviceId) => twin(hub.wholeTwin(deviceId)),
    patchDesired: (deviceId, patch, etag) => twin(hub.patchDesired(deviceId, patch, etag), asSent({ desired: patch })),
    patchTwin: (deviceId, patch, etag) => twin(hub.patchTwin(deviceId, patch, etag), asSent(patch)),
    report: (deviceId, patch) => twin(hub.report(deviceId, patch), patch),
    async invokeMethod(deviceId, call) {
      const answer = await hub.invokeMethod(deviceId, call);
      for (const bytes of methodSizes(call, answer)) count("method", bytes);
      return answer;
    },
    sendToDevice: (deviceId, sent) => message(hub.sendToDevice(deviceId, sent), sent.body),
    glance: (asked) => query(hub.glance(asked)),
    glanceAt: (deviceIds) => query(hub.glanceAt(deviceIds)),
    twins: (asked) => query(hub.twins(asked)),
  };
}

/** A patch of a twin, as it goes over the wire. */
function asSent({ tags, desired }: TwinPatch): object {
  return { ...(tags && { tags }), ...(desired && { properties: { desired } }) };
}

/** A call and its answer are charged each for itself; so is the call of a device that is away. */
function methodSizes({ payload }: MethodCall, answer: Result<MethodAnswer | null>): readonly number[] {
  const call = payload === null ? 0 : sizeOf(payload);
  if (!answer.ok) {
    const { code } = answer.failure;
    return code === "device_not_online" ? [call, 0] : code === "method_unanswered" ? [call] : [];
  }
  if (answer.value === null) return [];
  return [call, answer.value.payload === null ? 0 : sizeOf(answer.value.payload)];
}

/** Counts an answer that is no failure, by what was sent or else by what came. */
function counted(count: (bytes: number) => void): <T>(asked: Promise<Result<T>>, sent?: unknown) => Promise<Result<T>> {
  return async (asked, sent) => {
    const answer = await asked;
    if (answer.ok) count(sizeOf(sent ?? answer.value));
    return answer;
  };
}

function sizeOf(value: unknown): number {
  return value instanceof Uint8Array ? value.length : Buffer.byteLength(JSON.stringify(value ?? null) ?? "");
}
