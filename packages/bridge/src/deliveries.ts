/** Looking at deliveries and acting on them: the store does it, the dispatcher is told which lanes have changed. */
import type { DeviceEvent } from "./core/device-event.ts";
import type { PendingDelivery } from "./core/delivery.ts";
import { newEventId } from "./core/ids.ts";
import type { EventFault } from "./core/accept.ts";
import type { ConnectionState, IntegrationState } from "./core/connection-state.ts";
import type { Deliveries } from "./core/deliveries.ts";
import type { Retention } from "./store/retention.ts";
import type { Changes } from "./store/changes.ts";
import type { SqliteDeliveries } from "./store/sqlite-deliveries.ts";
import type { SqliteIncidents } from "./store/sqlite-incidents.ts";

export interface DeliveriesOptions {
  readonly store: SqliteDeliveries & SqliteIncidents;
  readonly dispatcher: {
    offer(deliveries: readonly PendingDelivery[]): void;
    retried(queue: string, deviceIds?: readonly string[]): void;
    retriedAfter(queue: string, code: string): void;
    connections(): readonly ConnectionState[];
    integrationState(id: string): IntegrationState;
  };
  readonly retention: Pick<Retention, "settings" | "change">;
  readonly replays: { wake(): void };
  /** The first thing wrong with an event, or `null`. */
  readonly eventFault: (name: string, data: string | null) => EventFault | null;
  readonly onAcknowledged: (incidentId: number) => void;
  readonly now: () => number;
}

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { store, dispatcher, retention, replays, eventFault, onAcknowledged, now } = options;

  function told<C extends Changes>(changes: C): C {
    tellLanes(dispatcher, changes);
    return changes;
  }

  return {
    ledger: (id) => store.ledger(id),
    ledgers: () => store.ledgers(),
    today: (id) => store.today(id),
    counts: (ids, query) => store.counts(ids, query),
    page: (id, query) => store.page(id, query),
    delivery: (id, delivery) => store.delivery(id, delivery),
    log: (id) => store.log(id),
    failures: (id) => store.failures(id),
    series: (subject, query) => store.series(subject, query),
    async retry(id, which) {
      const { count } = told(await store.retry(id, which));
      // Who asks to retry all, or all of a cause, means those too that wait for their next try.
      if (which.kind === "all") dispatcher.retried(id);
      if (which.kind === "code") dispatcher.retriedAfter(id, which.code);
      return count;
    },
    discard: async (id, which, note) => told(await store.discard(id, which, note)).count,

    async copy(integrationId, id, change) {
      const found = await store.delivery(integrationId, id);
      if (found === null) return { kind: "unknown" };
      const { record, event: original } = found;
      if (record.state === "pending") return { kind: "pending" };
      const name = change.name ?? original.name;
      const data = change.data === undefined ? original.data : change.data;
      const fault = eventFault(name, data);
      if (fault !== null) return { kind: "fault", fault };
      const receivedAt = now();
      const id2 = newEventId(receivedAt);
      const { deviceId } = record;
      const event: DeviceEvent & { deviceId: string } = { ...original, id: id2, name, data, deviceId, receivedAt };
      const copy = await store.appendCopy(integrationId, id, event);
      dispatcher.offer([copy]);
      return { kind: "copied", id: copy.id, eventId: event.id };
    },

    async startReplay(id, window) {
      const replay = await store.createReplay(id, window);
      replays.wake();
      return replay;
    },
    replays: (id) => store.replays(id),
    async cancelReplay(integrationId, id) {
      const changes = await store.cancelReplay(integrationId, id);
      if (changes !== null) told(changes);
      return changes !== null;
    },

    retention: async () => retention.settings(),
    setRetention: (change) => retention.change(change),
    async eraseDevice(deviceId) {
      const { events, count } = told(await store.eraseDevice(deviceId));
      return { events, deliveries: count };
    },
    incidents: () => store.incidents(),
    async acknowledgeIncident(id) {
      const isKnown = await store.acknowledgeIncident(id);
      onAcknowledged(id);
      return isKnown;
    },
    connections: () => dispatcher.connections(),
    integrationState: (id) => dispatcher.integrationState(id),
  };
}

/** Lanes drop what they hold in memory and read the store anew. */
export function tellLanes(dispatcher: Pick<DeliveriesOptions["dispatcher"], "retried">, { lanes }: Changes): void {
  for (const [queue, deviceIds] of lanes) dispatcher.retried(queue, [...deviceIds]);
}
