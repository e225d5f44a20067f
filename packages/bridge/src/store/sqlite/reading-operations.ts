/** How far the messages of hubs have been taken in, for each consumer group and partition. */
import type { ReadingPosition } from "../../core/state-store.ts";
import type { Transaction } from "./transaction.ts";

export interface ReadingOperations {
  readingPositions(
    connectionId: string,
    consumerGroup: string,
  ): { since: number; positions: readonly ReadingPosition[] } | null;
  beginReading(connectionId: string, consumerGroup: string, since: number): null;
  /** Of a reader that has begun; a late word of one that is forgotten is not kept. */
  saveReadingPosition(connectionId: string, consumerGroup: string, position: ReadingPosition): null;
  restartReading(connectionId: string, consumerGroup: string, since: number): null;
}

export function readingOperations({ db }: Transaction): ReadingOperations {
  const reading = db.prepare("SELECT since FROM reading WHERE connection_id = ? AND consumer_group = ?");
  const begin = db.prepare(
    "INSERT INTO reading (connection_id, consumer_group, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const restart = db.prepare("INSERT OR REPLACE INTO reading (connection_id, consumer_group, since) VALUES (?, ?, ?)");
  const positions = db.prepare(
    "SELECT * FROM reading_position WHERE connection_id = ? AND consumer_group = ? ORDER BY partition_id",
  );
  const save = db.prepare(
    `INSERT OR REPLACE INTO reading_position
     (connection_id, consumer_group, partition_id, event_offset, sequence_number, enqueued_time)
     SELECT connection_id, consumer_group, ?, ?, ?, ? FROM reading WHERE connection_id = ? AND consumer_group = ?`,
  );
  const removePositions = db.prepare("DELETE FROM reading_position WHERE connection_id = ? AND consumer_group = ?");

  return {
    readingPositions(connectionId, consumerGroup) {
      const row = reading.get(connectionId, consumerGroup);
      if (row === undefined) return null;
      const kept = positions.all(connectionId, consumerGroup).map((position) => ({
        partitionId: String(position["partition_id"]),
        offset: String(position["event_offset"]),
        sequenceNumber: Number(position["sequence_number"]),
        enqueuedTime: Number(position["enqueued_time"]),
      }));
      return { since: Number(row["since"]), positions: kept };
    },
    beginReading(connectionId, consumerGroup, since) {
      begin.run(connectionId, consumerGroup, since);
      return null;
    },
    saveReadingPosition(connectionId, consumerGroup, { partitionId, offset, sequenceNumber, enqueuedTime }) {
      save.run(partitionId, offset, sequenceNumber, enqueuedTime, connectionId, consumerGroup);
      return null;
    },
    restartReading(connectionId, consumerGroup, since) {
      removePositions.run(connectionId, consumerGroup);
      restart.run(connectionId, consumerGroup, since);
      return null;
    },
  };
}
