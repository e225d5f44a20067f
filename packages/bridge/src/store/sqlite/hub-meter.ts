/** What hubs charge for, in intervals of five minutes: added up in memory and written once per group of commits. */
import { METER_BUCKET_MS, type MeteredUse, type MeterKind } from "../../core/hub-meter.ts";
import type { Transaction } from "./transaction.ts";

const KEPT_MS = 2 * 86_400_000;
const BLOCK = 4_096;
const FREE_BLOCK = 512;

interface Bucket {
  readonly connectionId: string;
  readonly start: number;
  readonly kind: MeterKind;
  messages: number;
  blocks: number;
  freeBlocks: number;
}

export interface HubMeter {
  add(use: MeteredUse): void;
  /** Brings the table up to date, within the transaction. */
  write(): void;
}

export function createHubMeter({ db, beforeCommit, onRollback }: Transaction): HubMeter {
  const upsert = db.prepare(
    `INSERT INTO hub_meter (connection_id, start, kind, messages, blocks, free_blocks) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (connection_id, start, kind) DO UPDATE SET messages = messages + excluded.messages,
       blocks = blocks + excluded.blocks, free_blocks = free_blocks + excluded.free_blocks`,
  );
  const forget = db.prepare("DELETE FROM hub_meter WHERE connection_id = ? AND start < ?");
  const waiting = new Map<string, Bucket>();
  let newest = 0;

  function write(): void {
    for (const { connectionId, start, kind, messages, blocks, freeBlocks } of waiting.values()) {
      upsert.run(connectionId, start, kind, messages, blocks, freeBlocks);
      if (start > newest) forget.run(connectionId, start - KEPT_MS);
    }
    for (const { start } of waiting.values()) newest = Math.max(newest, start);
    waiting.clear();
  }

  beforeCommit(write);
  onRollback(() => waiting.clear());

  return {
    add({ connectionId, at, kind, bytes }) {
      const start = at - (at % METER_BUCKET_MS);
      const key = `${connectionId} ${start} ${kind}`;
      let bucket = waiting.get(key);
      if (bucket === undefined) {
        bucket = { connectionId, start, kind, messages: 0, blocks: 0, freeBlocks: 0 };
        waiting.set(key, bucket);
      }
      bucket.messages += 1;
      bucket.blocks += Math.max(1, Math.ceil(bytes / BLOCK));
      bucket.freeBlocks += Math.max(1, Math.ceil(bytes / FREE_BLOCK));
    },
    write,
  };
}
