/** Small ports by which the folders beside `core` meet in `bridge.ts`. */
import type { Ledger, PendingDelivery, Settlement } from "./delivery.ts";
import type {
  DeliveryDetail,
  DeliveryFilter,
  DeliveryPage,
  FailureGroup,
  Incident,
  LogRecord,
  NamedLedger,
  Replay,
  ReplayWindow,
  RetentionSettings,
  Selection,
  SeriesPoint,
  SeriesQuery,
} from "./delivery-history.ts";
import type { Device } from "./device.ts";
import type { DeviceEvent } from "./device-event.ts";
import type { Failure } from "./failure.ts";
import type { HubEvent, KeyName } from "./hub-client.ts";

/** Appends events, each with one pending delivery per match, and resolves when they are flushed to disk. */
export interface EventLog {
  append(event: DeviceEvent, integrationIds: readonly string[]): Promise<readonly PendingDelivery[]>;
  /** As `append`, unless an event with one of these prints came lately: then nothing is stored and its id is given. */
  appendOnce(
    event: DeviceEvent,
    integrationIds: readonly string[],
    prints: readonly string[],
  ): Promise<{ readonly deliveries: readonly PendingDelivery[] } | { readonly firstId: string }>;
}

/**
 * What the dispatcher reads and writes. All writes are grouped into flushed transactions. Where it says integration,
 * `replayQueue(integration)` means the integration's replayed deliveries instead of its live ones.
 */
export interface DeliveryQueue {
  /** Devices with pending deliveries of one integration, by id, after `after`. */
  devicesWithPending(integrationId: string, after: string, limit: number): Promise<readonly string[]>;
  /** A lane's pending deliveries in order, after `afterSeq`. */
  pending(
    integrationId: string,
    deviceId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly PendingDelivery[]>;
  settle(settlement: Settlement): Promise<void>;
  /** Deliveries of an integration, live and replayed, that were delivered on a day (UTC) such as `2026-03-01`. */
  deliveredOn(integrationId: string, day: string): Promise<number>;
}

/** What a publisher hands in. */
export interface IncomingEvent {
  readonly name: string;
  readonly data: string | null;
  readonly contentType?: string;
  /** `null`: made over the API without a device. */
  readonly device: Device | null;
  readonly productId: number | null;
  /** Without a device: the account in whose own stream it appears. */
  readonly accountId?: string;
  /** Unix milliseconds; the time of receipt when the publisher does not say. */
  readonly publishedAt?: number;
  /** Of the device's product, as the publisher says; what is known of the device when it does not. */
  readonly firmwareVersion?: number | null;
  /**
   * What the publisher calls this event, or several names by which it may come again. An event of the same device (or,
   * without a device, of the same account and product) that came under one of them in the last 24 hours is answered with the first one's id and
   * not stored again.
   */
  readonly dedupeKey?: string | readonly string[];
  /** Another device cloud has judged it: its system events and its longer data are taken too. */
  readonly fromDeviceCloud?: true;
}

/** Which field of an event is wrong, and why, in a sentence. */
export interface EventFault {
  readonly field: "name" | "data";
  readonly message: string;
}

/** Takes one event. `accepted` means flushed to disk; `fault` means nothing was stored. */
export type Accept = (incoming: IncomingEvent) => Promise<
  | {
      readonly kind: "accepted";
      readonly event: DeviceEvent;
      readonly matches: number;
      /** It had come before under the same key: `event.id` is the first one's, and nothing was stored now. */
      readonly repeated?: true;
    }
  | { readonly kind: "fault"; readonly fault: EventFault }
  | { readonly kind: "unavailable"; readonly message: string; readonly retryAfterSeconds: number }
>;

/** Whether a hub takes messages now, for consoles and `/health/ready`. */
export interface ConnectionState {
  readonly connectionId: string;
  readonly hostName: string;
  readonly policyName: string;
  /** `slowed`: the target limits the rate; `paused`: it takes nothing, and one message tries it now and then. */
  readonly state: "idle" | "open" | "slowed" | "paused";
  /** Why it is slowed or paused. Its `notBefore` is the forecast, where there is one. */
  readonly failure: Failure | null;
  /** What does not work although messages go on, as writing names into twins. */
  readonly warning?: Failure | null;
  /** Which of the policy's keys the hub takes; absent where there are none. */
  readonly keyInUse?: KeyName | null;
  /** Unix milliseconds of the next probe while paused. */
  readonly nextProbeAt: number | null;
  /** Unix milliseconds since when it is paused. */
  readonly since: number | null;
  readonly inFlight: number;
  /** Devices that wait for their turn. */
  readonly waiting: number;
  /** Messages per second: taken lately, and the limit learned from the target's refusals. */
  readonly rate: { readonly perSecond: number; readonly limit: number | null };
}

/** How an integration stands: what holds it up, and its devices that wait for reasons of their own. */
export interface IntegrationState {
  /** Its own reason, or its hub's, not to send now. Its `notBefore` is the forecast, where there is one. */
  readonly failure: Failure | null;
  readonly devices: readonly { readonly failure: Failure; readonly count: number; readonly deviceId: string }[];
}

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

  /** Parked ones become pending again; returns how many. */
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

/** Looking at a hub through an integration's connection. */
export interface HubViews {
  twin(
    integrationId: string,
    deviceId: string,
  ): Promise<
    | { readonly ok: true; readonly value: Record<string, unknown> | null }
    | { readonly ok: false; readonly failure: Failure }
  >;
  /** Reads the hub's built-in endpoint; `hub` is an integration id or `local`. Ends when the signal aborts. */
  monitor(
    hub: string,
    options: {
      readonly since: number;
      readonly onEvent: (event: HubEvent) => void;
      readonly onFailure: (failure: Failure) => void;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly ok: true; readonly value: null } | { readonly ok: false; readonly failure: Failure }>;
}
