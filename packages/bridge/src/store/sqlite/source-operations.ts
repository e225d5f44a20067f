/** Sources of events, how far each has come, its gaps, and what its device cloud said of devices. Secrets arrive here sealed. */
import type { Gap, Source, SourceProgress, ToldDevice } from "../../core/source.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

/** Of one source: the older ones are forgotten. */
const MAX_GAPS = 1_000;

export interface SourceOperations {
  /** Inserts or replaces; without a secret the stored one stays. 0 when there is none to keep. */
  saveSource(source: Source, sealedSecret: string | null): number;
  deleteSource(id: string): number;
  source(id: string): Source | null;
  sealedSourceSecret(id: string): string | null;
  sourcesIn(productId: number): Source[];
  allSources(): Source[];
  sourceProgress(id: string): SourceProgress | null;
  saveSourceProgress(id: string, progress: SourceProgress): null;
  openGap(sourceId: string, at: number, reason: string): null;
  closeGap(sourceId: string, at: number): null;
  gaps(sourceId: string, before: number, limit: number): Gap[];
  toldDevices(sourceId: string, deviceIds: readonly string[]): ToldDevice[];
  saveToldDevices(sourceId: string, devices: readonly ToldDevice[]): null;
}

export function sourceOperations({ db }: Transaction): SourceOperations {
  const insert = db.prepare(
    `INSERT OR REPLACE INTO source (id, product_id, kind, name, disabled, options, sealed_secret, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = db.prepare("SELECT * FROM source WHERE id = ?");
  const byProduct = db.prepare("SELECT * FROM source WHERE product_id = ? ORDER BY created_at, id");
  const all = db.prepare("SELECT * FROM source ORDER BY created_at, id");
  const remove = ["source WHERE id", "source_progress WHERE source_id", "source_gap WHERE source_id"]
    .concat("source_device WHERE source_id")
    .map((what) => db.prepare(`DELETE FROM ${what} = ?`));
  const progress = db.prepare("SELECT progress FROM source_progress WHERE source_id = ?");
  // A source that was deleted while its last progress was on the way leaves nothing behind.
  const saveProgress = db.prepare(
    "INSERT OR REPLACE INTO source_progress (source_id, progress) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM source WHERE id = ?)",
  );
  const openGap = db.prepare(
    `INSERT INTO source_gap (source_id, began_at, reason) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM source WHERE id = ?1)
     AND NOT EXISTS (SELECT 1 FROM source_gap WHERE source_id = ?1 AND ended_at IS NULL)`,
  );
  const closeGap = db.prepare(
    "UPDATE source_gap SET ended_at = max(?, began_at) WHERE source_id = ? AND ended_at IS NULL",
  );
  const dropOldGaps = db.prepare(
    `DELETE FROM source_gap WHERE source_id = ?1 AND id <= (SELECT id FROM source_gap WHERE source_id = ?1
     ORDER BY id DESC LIMIT 1 OFFSET ${MAX_GAPS})`,
  );
  const listGaps = db.prepare("SELECT * FROM source_gap WHERE source_id = ? AND id < ? ORDER BY id DESC LIMIT ?");
  const told = db.prepare("SELECT * FROM source_device WHERE source_id = ? AND device_id = ?");
  const saveTold = db.prepare(
    "INSERT OR REPLACE INTO source_device (source_id, device_id, name, approval) VALUES (?, ?, ?, ?)",
  );

  return {
    saveSource(source, sealedSecret) {
      const { id, productId, kind, name, disabled, createdAt, updatedAt, ...options } = source;
      const secret = sealedSecret ?? (byId.get(id)?.["sealed_secret"] as string | undefined);
      if (secret === undefined) return 0;
      insert.run(id, productId, kind, name, disabled ? 1 : 0, JSON.stringify(options), secret, createdAt, updatedAt);
      return 1;
    },
    deleteSource: (id) => remove.map((statement) => statement.run(id).changes)[0]!,
    source(id) {
      const row = byId.get(id);
      return row === undefined ? null : toSource(row);
    },
    sealedSourceSecret: (id) => (byId.get(id)?.["sealed_secret"] as string | undefined) ?? null,
    sourcesIn: (productId) => byProduct.all(productId).map(toSource),
    allSources: () => all.all().map(toSource),
    sourceProgress(id) {
      const row = progress.get(id);
      return row === undefined ? null : (JSON.parse(String(row["progress"])) as SourceProgress);
    },
    saveSourceProgress(id, value) {
      saveProgress.run(id, JSON.stringify(value), id);
      return null;
    },
    openGap(sourceId, at, reason) {
      openGap.run(sourceId, at, reason);
      dropOldGaps.run(sourceId);
      return null;
    },
    closeGap(sourceId, at) {
      closeGap.run(at, sourceId);
      return null;
    },
    gaps: (sourceId, before, limit) => listGaps.all(sourceId, before, limit).map(toGap),
    toldDevices: (sourceId, deviceIds) =>
      deviceIds.flatMap((deviceId) => {
        const row = told.get(sourceId, deviceId);
        return row === undefined ? [] : [toTold(row)];
      }),
    saveToldDevices(sourceId, devices) {
      for (const { deviceId, name, approval } of devices) saveTold.run(sourceId, deviceId, name, approval);
      return null;
    },
  };
}

function toSource(row: Row): Source {
  return {
    ...(JSON.parse(String(row["options"])) as object),
    id: String(row["id"]),
    productId: Number(row["product_id"]),
    kind: String(row["kind"]),
    name: String(row["name"]),
    disabled: row["disabled"] === 1,
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
  } as Source;
}

function toGap(row: Row): Gap {
  return {
    id: Number(row["id"]),
    beganAt: Number(row["began_at"]),
    endedAt: row["ended_at"] as number | null,
    reason: String(row["reason"]),
  };
}

function toTold(row: Row): ToldDevice {
  return {
    deviceId: String(row["device_id"]),
    name: row["name"] as string | null,
    approval: row["approval"] as ToldDevice["approval"],
  };
}
