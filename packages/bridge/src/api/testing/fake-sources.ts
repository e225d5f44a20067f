/** Sources in memory, for the tests of this folder: webhooks are received in earnest, streams are not followed. */
import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { Directory } from "../../core/directory.ts";
import type { Accept } from "../../core/accept.ts";
import type {
  Gap,
  Source,
  SourceControl,
  SourceProgress,
  Sources,
  SourceSettings,
  SourceState,
  ToldDevice,
} from "../../core/source.ts";
import { createCloudIntake } from "../../ingest/cloud-intake.ts";
import { createWebhookReceiver } from "../../ingest/inbound-webhook/webhook-receiver.ts";
import { baseUrlFault } from "../../ingest/particle-cloud/base-url.ts";
import { Progresses } from "../../ingest/source-progress.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export class FakeSources implements Sources {
  /** Tests put gaps here. */
  readonly gapsOf: Map<string, Gap[]> = new Map();
  readonly #sources = new Map<string, { readonly source: Source; readonly secret: string }>();
  readonly #progress = new Map<string, SourceProgress>();
  readonly #told = new Map<string, ToldDevice>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async createSource(settings: SourceSettings, secret: string): Promise<Source> {
    const source: Source = { ...settings, id: newId(), createdAt: this.#now(), updatedAt: this.#now() };
    this.#sources.set(source.id, { source, secret });
    return source;
  }

  async updateSource(id: string, settings: SourceSettings, secret?: string): Promise<Source | null> {
    const known = this.#sources.get(id);
    if (known === undefined || known.source.kind !== settings.kind) return null;
    const source: Source = { ...settings, id, createdAt: known.source.createdAt, updatedAt: this.#now() };
    this.#sources.set(id, { source, secret: secret ?? known.secret });
    return source;
  }

  async deleteSource(id: string): Promise<boolean> {
    return this.#sources.delete(id);
  }

  async source(id: string): Promise<Source | null> {
    return this.#sources.get(id)?.source ?? null;
  }

  async sourceSecret(id: string): Promise<string | null> {
    return this.#sources.get(id)?.secret ?? null;
  }

  async sourcesIn(productId: number): Promise<readonly Source[]> {
    return (await this.allSources()).filter((source) => source.productId === productId);
  }

  async allSources(): Promise<readonly Source[]> {
    return [...this.#sources.values()].map(({ source }) => source);
  }

  async sourceProgress(id: string): Promise<SourceProgress | null> {
    return this.#progress.get(id) ?? null;
  }

  async saveSourceProgress(id: string, progress: SourceProgress): Promise<void> {
    this.#progress.set(id, progress);
  }

  async openGap(sourceId: string, at: number, reason: string): Promise<void> {
    const gaps = this.gapsOf.get(sourceId) ?? [];
    if (gaps[0]?.endedAt === null) return;
    this.gapsOf.set(sourceId, [{ id: gaps.length + 1, beganAt: at, endedAt: null, reason }, ...gaps]);
  }

  async closeGap(sourceId: string, at: number): Promise<void> {
    const [open, ...others] = this.gapsOf.get(sourceId) ?? [];
    if (open?.endedAt === null) this.gapsOf.set(sourceId, [{ ...open, endedAt: at }, ...others]);
  }

  async gaps(sourceId: string, query: { readonly before?: number; readonly limit: number }): Promise<readonly Gap[]> {
    const all = this.gapsOf.get(sourceId) ?? [];
    return all.filter(({ id }) => id < (query.before ?? Infinity)).slice(0, query.limit);
  }

  async toldDevices(sourceId: string, deviceIds: readonly string[]): Promise<readonly ToldDevice[]> {
    return deviceIds.flatMap((deviceId) => this.#told.get(`${sourceId} ${deviceId}`) ?? []);
  }

  async saveToldDevices(sourceId: string, devices: readonly ToldDevice[]): Promise<void> {
    for (const device of devices) this.#told.set(`${sourceId} ${device.deviceId}`, device);
  }
}

export interface FakeSourceControlOptions {
  readonly store: FakeSources;
  readonly directory: Directory;
  readonly accept: Accept;
  readonly now: () => number;
  /** Told of sources that were changed. */
  readonly changed: string[];
}

export function fakeSourceControl({ store, directory, accept, now, changed }: FakeSourceControlOptions): SourceControl {
  const clock: Clock = { ...systemClock, now, after: () => () => undefined };
  const progresses = new Progresses({ store, clock, log: silent });
  const intake = createCloudIntake({
    accept,
    directory,
    sources: store,
    onNewDevice: () => undefined,
    now,
    log: silent,
  });
  const state: SourceState = { state: "listening", since: now(), until: null, reason: null, nextStep: null };
  return {
    state: ({ disabled }) => (disabled ? { ...state, state: "off" } : state),
    progress: ({ id }) => progresses.of(id),
    changed: async (id) => void changed.push(id),
    receive: createWebhookReceiver({ sources: store, intake, progresses, now }),
    baseUrlFault: (url) => baseUrlFault(url, ["particle.test"]),
  };
}
