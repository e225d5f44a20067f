/** Opens the hub's event streams: in its folder when it has one, else in memory. */
import type { HubFolder } from "../journal/folder.ts";
import { Partitions } from "./partitions.ts";
import type { StreamFolder } from "./stream-folder.ts";
import { Streams } from "./streams.ts";
import type { StreamStore } from "./streams.ts";

export interface StreamsOptions {
  readonly folder: HubFolder | undefined;
  /** Name of the built-in stream, and its partitions when it is new. */
  readonly builtInName: string;
  readonly partitionCount: number;
  /** Of the built-in stream; those of custom endpoints have at most 16 MB each. */
  readonly memoryBytes: number;
  /** Of each stream. */
  readonly diskBytes: number;
  readonly retentionMs: number;
  readonly now: () => number;
}

const ENDPOINT_MEMORY_BYTES = 16 * 1024 * 1024;

export function openStreams({ folder, builtInName, partitionCount, ...options }: StreamsOptions): Streams {
  const { memoryBytes, diskBytes, retentionMs, now } = options;
  const make = (name: string, bytes: number, count: number, kept: StreamFolder | undefined): Partitions =>
    new Partitions({
      name,
      createdAt: kept?.createdAt ?? now(),
      partitionCount: kept?.logs.length ?? count,
      ...(kept === undefined ? {} : { logs: kept.logs }),
      memoryBytes: bytes,
      retentionMs,
      now,
    });
  const store: StreamStore = {
    async open(name, count) {
      const kept = await folder?.openEndpoint(name, { partitionCount: count, diskBytes, now: now() });
      return make(name, Math.min(memoryBytes, ENDPOINT_MEMORY_BYTES), count, kept);
    },
    delete: async (name) => folder?.deleteEndpoint(name),
  };
  return new Streams(make(builtInName, memoryBytes, partitionCount, folder?.events), store);
}
