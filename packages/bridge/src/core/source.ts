/**
 * Where a product's events come from when its devices speak to another device cloud: a stream that this server follows, or a
 * webhook that calls it. Data, no behaviour.
 */

interface SourceBase {
  readonly id: string;
  readonly productId: number;
  readonly name: string;
  readonly disabled: boolean;
  /** Beginning of the event names that are asked for; the empty text is all of them. */
  readonly event: string;
  /** Make the devices that this server does not know yet, as approved ones of the product. */
  readonly createDevices: boolean;
  /** Take the device cloud's own events (`spark/…`, `particle/…`) too. */
  readonly systemEvents: boolean;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Follows a stream of Particle's cloud, and fetches the devices' names there. Its secret is an access token. */
export interface ParticleCloudSource extends SourceBase {
  readonly kind: "particle-cloud";
  /** Without trailing slash. */
  readonly baseUrl: string;
  /** Particle's product, id or slug; `null`: the devices that the token's account has claimed. */
  readonly particleProduct: string | null;
  /** One device instead of all, by id. */
  readonly particleDevice: string | null;
  /** Off: only names are fetched, as beside a webhook. */
  readonly followEvents: boolean;
}

/** What a webhook can say of an event, by our names. */
export const WEBHOOK_FIELDS = ["event", "data", "device_id", "published_at", "event_id", "firmware_version"] as const;
export type WebhookField = (typeof WEBHOOK_FIELDS)[number];

/** Is called by a webhook of Particle's cloud. Its secret is a word in a header. */
export interface InboundWebhookSource extends SourceBase {
  readonly kind: "inbound-webhook";
  /** Where a webhook of one's own making puts each field, as a path such as `reading.value`; absent: where Particle does. */
  readonly fields: Readonly<Partial<Record<WebhookField, string>>>;
}

export type Source = ParticleCloudSource | InboundWebhookSource;

type Settings<S extends Source> = Omit<S, "id" | "createdAt" | "updatedAt">;
/** What a user sets on a source. */
export type SourceSettings = Settings<ParticleCloudSource> | Settings<InboundWebhookSource>;

/** The secret of an inbound webhook is kept as hashes; the former one is good for a while, so that it can be changed without a gap. */
export interface WebhookSecret {
  readonly hash: string;
  readonly formerHash: string | null;
  /** Unix milliseconds. */
  readonly formerUntil: number;
}

/** Time in which nothing was received; what was published then is lost. `endedAt` is `null` while it lasts. Unix milliseconds. */
export interface Gap {
  readonly id: number;
  readonly beganAt: number;
  readonly endedAt: number | null;
  readonly reason: string;
}

/** How far a source has come. Written every few seconds: a crash may lose the last counts, and never an event. */
export interface SourceProgress {
  /** Up to here all that the stream sent is stored, Unix milliseconds like all times here. */
  readonly lastByteAt: number | null;
  readonly lastEventAt: number | null;
  /** The last test event, which goes no further. */
  readonly lastTestAt: number | null;
  /** The day (UTC, `2026-03-01`) that is counted. */
  readonly day: string;
  readonly accepted: number;
  /** Came before, by the other path or once more by this one. */
  readonly repeated: number;
  /** Not wanted: system events, events of no device, of unknown or foreign devices. */
  readonly ignored: number;
  /** Could not be read or taken. */
  readonly refused: number;
  readonly lastRefusal: { readonly at: number; readonly message: string } | null;
  readonly namesAt: number | null;
  readonly namesFailure: string | null;
  /** Somebody has to do something before it goes on. */
  readonly stopped: SourceStop | null;
}

export interface SourceStop {
  readonly at: number;
  readonly code: "token_refused" | "not_found" | "request_refused" | "address_refused";
  readonly message: string;
  readonly nextStep: string;
}

/** What the device cloud last said of a device: only its changes are carried over, what is changed here stays. */
export interface ToldDevice {
  readonly deviceId: string;
  readonly name: string | null;
  readonly approval: "approved" | "quarantined" | "denied";
}

/** The store's side. Secrets are sealed at rest. */
export interface Sources {
  createSource(settings: SourceSettings, secret: string): Promise<Source>;
  /** Replaces the settings; without a secret the stored one stays. The kind stays as it was. */
  updateSource(id: string, settings: SourceSettings, secret?: string): Promise<Source | null>;
  deleteSource(id: string): Promise<boolean>;
  source(id: string): Promise<Source | null>;
  /** Cached: called for every event of a webhook. */
  sourceSecret(id: string): Promise<string | null>;
  sourcesIn(productId: number): Promise<readonly Source[]>;
  allSources(): Promise<readonly Source[]>;
  sourceProgress(id: string): Promise<SourceProgress | null>;
  saveSourceProgress(id: string, progress: SourceProgress): Promise<void>;
  /** Unless one is open already. */
  openGap(sourceId: string, at: number, reason: string): Promise<void>;
  closeGap(sourceId: string, at: number): Promise<void>;
  /** Newest first, before the id `before`. */
  gaps(sourceId: string, query: { readonly before?: number; readonly limit: number }): Promise<readonly Gap[]>;
  toldDevices(sourceId: string, deviceIds: readonly string[]): Promise<readonly ToldDevice[]>;
  saveToldDevices(sourceId: string, devices: readonly ToldDevice[]): Promise<void>;
}

/** What a source is doing now. */
export interface SourceState {
  /** `listening`: a webhook's; `names`: only names are fetched; `held`: this server's disk takes nothing now. */
  readonly state: "off" | "listening" | "names" | "connecting" | "following" | "waiting" | "held" | "stopped";
  /** Unix milliseconds; of this state. */
  readonly since: number;
  /** When the next try is made, Unix milliseconds. */
  readonly until: number | null;
  readonly reason: string | null;
  readonly nextStep: string | null;
}

/** A call of a webhook as it came in. */
export interface WebhookCall {
  readonly sourceId: string;
  /** Of the secret header or the authorization; `null` when there is none. */
  readonly secret: string | null;
  /** Of the query, and of a body that is a form or a JSON object; the body's win. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** A body that is neither. */
  readonly text: string | null;
}

export type WebhookAnswer =
  | { readonly kind: "accepted"; readonly id: string; readonly repeated: boolean }
  /** Not wanted, and nobody's fault. */
  | { readonly kind: "ignored"; readonly reason: string; readonly message: string }
  | { readonly kind: "unknown_source" | "secret_refused" | "disabled" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string; readonly retryAfterSeconds: number };

/** The running side, for the API. */
export interface SourceControl {
  state(source: Source): SourceState;
  progress(source: Source): Promise<SourceProgress>;
  /** Awaited after a source was made, changed or deleted. `secretChanged`: a source that was stopped tries again. */
  changed(id: string): Promise<void>;
  receive(call: WebhookCall): Promise<WebhookAnswer>;
  /** Why this address may not be followed, in a sentence; `null` when it may. */
  baseUrlFault(baseUrl: string): string | null;
}

export function emptyProgress(day: string): SourceProgress {
  return {
    lastByteAt: null,
    lastEventAt: null,
    lastTestAt: null,
    day,
    accepted: 0,
    repeated: 0,
    ignored: 0,
    refused: 0,
    lastRefusal: null,
    namesAt: null,
    namesFailure: null,
    stopped: null,
  };
}
