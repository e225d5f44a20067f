/** Sources of events in the embedded store. Their secrets are sealed before they go to the worker. */
import { newId } from "../core/ids.ts";
import type { Gap, Source, SourceProgress, Sources, SourceSettings, ToldDevice } from "../core/source.ts";
import { Recent } from "../core/recent.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { InTurn } from "./turns.ts";

export interface SqliteSourcesOptions {
  readonly worker: GroupCommit;
  readonly secrets: Secrets;
  readonly now: () => number;
  /** Keeps changes of sealed texts apart from a change of the key. */
  readonly inTurn: InTurn;
}

/** What a source is sealed to: a sealed secret is of no use in another row. */
const record = (id: string): string => `source ${id}`;

export function createSources({ worker, secrets, now, inTurn }: SqliteSourcesOptions): Sources {
  const sources = new Recent<string, Source>(10_000);
  const opened = new Recent<string, string>(10_000);

  async function source(id: string): Promise<Source | null> {
    const cached = sources.get(id);
    if (cached !== undefined) return cached;
    const found = await worker.call("source", id);
    if (found !== null) sources.set(id, found);
    return found;
  }

  // The caches forget after the change is on disk; reads before it in the queue have answered by then.
  async function changing<T>(id: string, change: Promise<T>): Promise<T> {
    const result = await change;
    sources.delete(id);
    opened.delete(id);
    return result;
  }

  return {
    source,

    createSource(settings: SourceSettings, secret: string): Promise<Source> {
      const id = newId();
      const at = now();
      const created: Source = { ...settings, id, createdAt: at, updatedAt: at };
      return inTurn(async () => {
        await worker.call("saveSource", created, secrets.seal(secret, record(id)));
        return created;
      });
    },

    updateSource(id: string, settings: SourceSettings, secret?: string): Promise<Source | null> {
      return inTurn(async () => {
        // In turn with `deleteSource`: one that was deleted does not come back.
        const known = await worker.call("source", id);
        if (known === null || known.kind !== settings.kind) return null;
        const updated: Source = { ...settings, id, createdAt: known.createdAt, updatedAt: now() };
        const sealed = secret === undefined ? null : secrets.seal(secret, record(id));
        await changing(id, worker.call("saveSource", updated, sealed));
        return updated;
      });
    },

    deleteSource(id: string): Promise<boolean> {
      return inTurn(async () => (await changing(id, worker.call("deleteSource", id))) > 0);
    },

    async sourceSecret(id: string): Promise<string | null> {
      const cached = opened.get(id);
      if (cached !== undefined) return cached;
      const sealed = await worker.call("sealedSourceSecret", id);
      if (sealed === null) return null;
      const secret = secrets.open(sealed, record(id));
      opened.set(id, secret);
      return secret;
    },

    sourcesIn(productId: number): Promise<readonly Source[]> {
      return worker.call("sourcesIn", productId);
    },

    allSources(): Promise<readonly Source[]> {
      return worker.call("allSources");
    },

    sourceProgress(id: string): Promise<SourceProgress | null> {
      return worker.call("sourceProgress", id);
    },

    async saveSourceProgress(id: string, progress: SourceProgress): Promise<void> {
      await worker.call("saveSourceProgress", id, progress);
    },

    async openGap(sourceId: string, at: number, reason: string): Promise<void> {
      await worker.call("openGap", sourceId, at, reason);
    },

    async closeGap(sourceId: string, at: number): Promise<void> {
      await worker.call("closeGap", sourceId, at);
    },

    gaps(sourceId: string, query: { readonly before?: number; readonly limit: number }): Promise<readonly Gap[]> {
      return worker.call("gaps", sourceId, query.before ?? Number.MAX_SAFE_INTEGER, query.limit);
    },

    toldDevices(sourceId: string, deviceIds: readonly string[]): Promise<readonly ToldDevice[]> {
      return worker.call("toldDevices", sourceId, deviceIds);
    },

    async saveToldDevices(sourceId: string, devices: readonly ToldDevice[]): Promise<void> {
      await worker.call("saveToldDevices", sourceId, devices);
    },
  };
}
