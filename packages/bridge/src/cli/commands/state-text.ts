/** What is said of a state for people. */
import type { Json } from "../api-client.ts";
import { relativeTime } from "../relative-time.ts";
import { cell, table } from "../table.ts";
import { leavesOf } from "./state-values.ts";

/** Every value with who wrote it, and how the device stands. */
export function stateText(json: Json, now: number): string {
  const writers = json["written"] as Readonly<Record<string, Json | undefined>>;
  const waiting = new Set(leavesOf((json["pending"] as Json)["desired"]).keys());
  const rows = [...leavesOf(json["state"])].map(([path, value]) => {
    const writer = writers[path];
    return [path, value, writer?.["by"], relativeTime(writer?.["at"], now), waiting.has(path) ? "waits" : ""];
  });
  return `${table(["PATH", "VALUE", "BY", "WHEN", "HUB"], rows, "The state is empty.")}\n${syncText(json)}\n`;
}

/** Whether hub and state agree, in a sentence. */
export function syncText(json: Json): string {
  const error = (json["error"] ?? null) as Json | null;
  const why = error === null ? "" : ` ${cell(error["message"])} Next: ${cell(error["next_step"])}`;
  switch (json["sync"]) {
    case "in_step":
      return "In step with the hub.";
    case "waiting":
      return isMessageAlone(json["pending"] as Json)
        ? `The twin is in step; the message to the device waits.${why}`
        : `Kept here, waits for the hub.${why}`;
    case "missing_in_hub":
      return "Kept here. The hub has no such device any more.";
    default:
      return "Kept here alone: no hub mirrors it.";
  }
}

function isMessageAlone({ desired, reported, message }: Json): boolean {
  return message === true && desired === null && reported === null;
}

/** `BY`: who wrote theirs. */
const COLUMNS = ["WHEN", "PATH", "OURS", "THEIRS", "BY", "KEPT"];

/** `devices`: name each one's device, too. */
export function conflictTable(json: Json, now: number, devices: boolean): string {
  const rows = (json["conflicts"] as readonly Json[]).map((one) => [
    ...(devices ? [one["device_id"], one["device_name"]] : []),
    relativeTime(one["at"], now),
    one["path"],
    one["ours"] ?? "removed",
    one["theirs"] ?? "removed",
    one["their_source"],
    `${cell(one["kept"])} (${cell(one["rule"])})`,
  ]);
  return table([...(devices ? ["DEVICE", "NAME"] : []), ...COLUMNS], rows, "No conflicts.");
}
