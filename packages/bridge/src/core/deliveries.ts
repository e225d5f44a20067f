import type { EventFault } from "./accept.ts";
import type { ConnectionState, IntegrationState } from "./connection-state.ts";
import type {
  DeliveryDetail,
  DeliveryFilter,
  DeliveryPage,
  FailureGroup,
  Incident,
  IntegrationCounts,
  LogRecord,
  NamedLedger,
  Replay,
  ReplayWindow,
  RetentionSettings,
  Selection,
  SeriesPoint,
  SeriesQuery,
} from "./delivery-history.ts";
import type { Ledger } from "./delivery.ts";

/** What became of an edited copy of a delivery. */
export type CopyResult =
  | { readonly kind: "copied"; readonly id: number; readonly eventId: string }
  /** It is still pending: it will be sent as it is. */
  | { readonly kind: "pending" }
  | { readonly kind: "unknown" }
  | { readonly kind: "fault"; readonly fault: EventFault };

/** Looking at deliveries and acting on them, for the API. */
export interface Deliveries {
  ledger(integrationId: string): Promise<Ledger>;
  /** Of all integrations, deleted ones too. */
  ledgers(): Promise<readonly NamedLedger[]>;
  /** Counted since midnight UTC. */
  today(integrationId: string): Promise<{ readonly success: number; readonly error: number }>;
  /** Of several integrations in one go, by their ids. */
  counts(integrationIds: readonly string[], query: SeriesQuery): Promise<ReadonlyMap<string, IntegrationCounts>>;
  /** Newest first, before the delivery id `before`. */
  page(
    integrationId: string,
    query: DeliveryFilter & { readonly before?: number; readonly limit: number },
  ): Promise<DeliveryPage>;
  delivery(integrationId: string, id: number): Promise<DeliveryDetail | null>;
  /** The last tries that succeeded and the last that failed, ten each, newest first. */
  log(integrationId: string): Promise<readonly LogRecord[]>;
  failures(integrationId: string): Promise<readonly FailureGroup[]>;
  /** `subject` is an integration's id, or `product/` and a product's. Empty intervals are left out. */
  series(subject: string, query: SeriesQuery): Promise<readonly SeriesPoint[]>;

  /**
   * Parked ones become pending again; returns how many. With `ids` pending ones count too: they are tried now. With a code or
   * all, what waits for another try (after that failure) is tried now as well, and not counted.
   */
  retry(integrationId: string, which: Selection): Promise<number>;
  /** Parked ones, and with `ids` pending ones too, end as expired for this reason; returns how many. */
  discard(integrationId: string, which: Selection, note: string): Promise<number>;
  /** Sends a changed copy as a new event; the parked delivery it was made of ends as expired. */
  copy(
    integrationId: string,
    id: number,
    change: { readonly data?: string | null; readonly name?: string },
  ): Promise<CopyResult>;

  /** `null` while another replay of the integration runs. */
  startReplay(integrationId: string, window: ReplayWindow): Promise<Replay | null>;
  /** Newest first. */
  replays(integrationId: string): Promise<readonly Replay[]>;
  /** What it has queued and not sent ends as expired. False when it does not run. */
  cancelReplay(integrationId: string, id: string): Promise<boolean>;

  retention(): Promise<RetentionSettings>;
  setRetention(change: Partial<RetentionSettings>): Promise<RetentionSettings>;
  /** Erases all events of a device, here and for good. What was delivered cannot be recalled from its target. */
  eraseDevice(deviceId: string): Promise<{ readonly events: number; readonly deliveries: number }>;
  incidents(): Promise<readonly Incident[]>;
  acknowledgeIncident(id: number): Promise<boolean>;
  connections(): readonly ConnectionState[];
  integrationState(integrationId: string): IntegrationState;
}
