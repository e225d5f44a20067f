/** Events and deliveries in the embedded store. */
import { createEndings, type SqliteEndings } from "./sqlite-endings.ts";
import { createHistory, type SqliteHistory } from "./sqlite-history.ts";
import { createQueue, type SqliteQueue, type SqliteQueueOptions } from "./sqlite-queue.ts";
import { createReplays, type SqliteReplays } from "./sqlite-replays.ts";

export interface SqliteDeliveries extends SqliteQueue, SqliteHistory, SqliteEndings, SqliteReplays {}

export function createDeliveries(options: SqliteQueueOptions): SqliteDeliveries {
  return {
    ...createQueue(options),
    ...createHistory(options),
    ...createEndings(options),
    ...createReplays(options),
  };
}
