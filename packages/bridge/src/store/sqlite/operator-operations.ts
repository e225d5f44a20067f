/** What operators set at run time and what they have to know. */
import type { Incident } from "../../core/delivery-history.ts";
import type { EventNumbers, Numbers } from "./event-numbers.ts";
import type { Transaction } from "./transaction.ts";

export interface OperatorOperations {
  setting(name: string): string | null;
  saveSetting(name: string, value: string): null;
  /** Not yet acknowledged, newest first. */
  incidents(): Incident[];
  acknowledgeIncident(id: number, at: number): boolean;
  /** The last numbers given to events and deliveries. */
  lastNumbers(): Numbers;
  /** A start found that numbers up to `mark` had been given: goes on after them and records what is missing, if anything. */
  catchUp(mark: Numbers, at: number): Incident | null;
}

export function operatorOperations({ db }: Transaction, numbers: EventNumbers): OperatorOperations {
  const select = db.prepare("SELECT value FROM setting WHERE name = ?");
  const save = db.prepare("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)");
  const open = db.prepare("SELECT id, kind, message, at FROM incident WHERE acknowledged_at IS NULL ORDER BY id DESC");
  const insert = db.prepare("INSERT INTO incident (kind, message, at) VALUES (?, ?, ?)");
  const acknowledge = db.prepare("UPDATE incident SET acknowledged_at = ? WHERE id = ? AND acknowledged_at IS NULL");

  return {
    setting: (name) => (select.get(name)?.["value"] ?? null) as string | null,
    saveSetting(name, value) {
      save.run(name, value);
      return null;
    },
    incidents: () =>
      open.all().map((row) => ({
        id: Number(row["id"]),
        kind: "events_missing",
        message: String(row["message"]),
        at: Number(row["at"]),
      })),
    acknowledgeIncident: (id, at) => acknowledge.run(at, id).changes > 0,
    lastNumbers: () => numbers.last(),
    catchUp(mark, at) {
      const found = numbers.last();
      if (found.event >= mark.event && found.delivery >= mark.delivery) return null;
      numbers.advance(mark);
      const lost = Math.max(0, mark.event - found.event);
      const message =
        `The database ends at event ${found.event}, but event ${mark.event} had been written: ` +
        `${lost} accepted events are missing, and what became of others may have been forgotten. ` +
        "The disk or its log is damaged. Restore a backup if you have one; new events are taken as before.";
      const { lastInsertRowid } = insert.run("events_missing", message, at);
      return { id: lastInsertRowid, kind: "events_missing", message, at };
    },
  };
}
