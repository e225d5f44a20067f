/** Deliveries in memory, for the tests of this folder: enough to see what routes ask and how they answer. */
import type {
  DeliveryDetail,
  FailureGroup,
  IntegrationCounts,
  Incident,
  LogRecord,
  NamedLedger,
  Replay,
  RetentionSettings,
  SeriesPoint,
} from "../../core/delivery-history.ts";
import type { DeliveryRecord, Ledger } from "../../core/delivery.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { ConnectionState, IntegrationState } from "../../core/connection-state.ts";
import type { Deliveries } from "../../core/deliveries.ts";

interface States {
  readonly connections: readonly ConnectionState[];
  readonly integrationState: IntegrationState;
}

export class FakeDeliveries implements Deliveries {
  records: DeliveryRecord[] = [];
  ledgerOf: Ledger = { accepted: 4, delivered: 3, pending: 0, parked: 1, expired: 0, erased: 0 };
  allLedgers: NamedLedger[] = [];
  logOf: LogRecord[] = [];
  groups: FailureGroup[] = [];
  points: SeriesPoint[] = [];
  events: DeviceEvent[] = [];
  open: Incident[] = [];
  kept: RetentionSettings = { deliveredMs: 86_400_000, parkedMs: 604_800_000, pendingMs: 604_800_000 };
  readonly running: Replay[] = [];
  /** What was asked for, newest last: the method's name and its arguments. */
  readonly asked: (readonly [method: string, ...args: unknown[]])[] = [];

  ledger = async (): Promise<Ledger> => this.ledgerOf;
  ledgers = async (): Promise<readonly NamedLedger[]> => this.allLedgers;
  today = async (): Promise<{ success: number; error: number }> => ({ success: 3, error: 1 });
  counts: Deliveries["counts"] = async (ids, ...query) => {
    this.asked.push(["counts", ids, ...query]);
    const one = { today: await this.today(), ledger: this.ledgerOf, series: this.points } as IntegrationCounts;
    return new Map(ids.map((id) => [id, one]));
  };
  log = async (): Promise<readonly LogRecord[]> => this.logOf;
  failures = async (): Promise<readonly FailureGroup[]> => this.groups;
  retention = async (): Promise<RetentionSettings> => this.kept;
  incidents = async (): Promise<readonly Incident[]> => this.open;
  acknowledgeIncident = async (id: number): Promise<boolean> => this.open.some((one) => one.id === id);
  replays = async (): Promise<readonly Replay[]> => this.running;
  readonly #now: () => States;

  constructor(now: () => States) {
    this.#now = now;
  }

  connections = (): readonly ConnectionState[] => this.#now().connections;
  integrationState = (): IntegrationState => this.#now().integrationState;

  page: Deliveries["page"] = async (integrationId, query) => {
    this.asked.push(["page", integrationId, query]);
    const { state, before = Infinity, limit } = query;
    const records = this.records.filter((one) => (state === undefined || one.state === state) && one.id < before);
    const page = records.slice(0, limit);
    return { records: page, next: records.length > limit ? (page.at(-1)?.id ?? null) : null };
  };

  delivery = async (_integrationId: string, id: number): Promise<DeliveryDetail | null> => {
    const record = this.records.find((one) => one.id === id);
    const event = this.events.find((one) => one.id === record?.eventId);
    return record === undefined || event === undefined ? null : { record, event, attempts: [] };
  };

  series: Deliveries["series"] = async (...args) => {
    this.asked.push(["series", ...args]);
    return this.points;
  };

  retry: Deliveries["retry"] = async (integrationId, which) => {
    this.asked.push(["retry", integrationId, which]);
    return which.kind === "ids" ? which.ids.length : 1;
  };

  discard: Deliveries["discard"] = async (integrationId, which, note) => {
    this.asked.push(["discard", integrationId, which, note]);
    return which.kind === "ids" ? which.ids.length : 1;
  };

  copy: Deliveries["copy"] = async (integrationId, id, change) => {
    this.asked.push(["copy", integrationId, id, change]);
    const record = this.records.find((one) => one.id === id);
    if (record === undefined) return { kind: "unknown" };
    if (record.state === "pending") return { kind: "pending" };
    if (change.name === "") return { kind: "fault", fault: { field: "name", message: "name must not be empty" } };
    return { kind: "copied", id: id + 1000, eventId: "copy" };
  };

  startReplay: Deliveries["startReplay"] = async (integrationId, window) => {
    if (this.running.length > 0) return null;
    const counts = { queued: 0, delivered: 0, parked: 0, expired: 0 };
    const replay: Replay = {
      ...window,
      ...counts,
      id: "r1",
      integrationId,
      state: "running",
      createdAt: 0,
      endedAt: null,
    };
    this.running.push(replay);
    return replay;
  };

  cancelReplay = async (_integrationId: string, id: string): Promise<boolean> => {
    const found = this.running.findIndex((replay) => replay.id === id);
    if (found >= 0) this.running.splice(found, 1);
    return found >= 0;
  };

  setRetention = async (change: Partial<RetentionSettings>): Promise<RetentionSettings> => {
    this.kept = { ...this.kept, ...change };
    return this.kept;
  };

  eraseDevice: Deliveries["eraseDevice"] = async (deviceId) => {
    this.asked.push(["eraseDevice", deviceId]);
    return { events: 2, deliveries: 1 };
  };
}
