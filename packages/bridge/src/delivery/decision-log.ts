/**
 * The dispatcher's decisions as log lines, one each, but no more of a kind in a while than a reader can use: an outage of a
 * fleet's hub must not write a million of them. What was left out is counted and told.
 */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";

const WINDOW_MS = 10_000;
/** Lines of one name and one cause in a window. */
const IN_WINDOW = 100;

type Level = keyof Log;

export function decisionLog(log: Log, clock: Clock): Log {
  /** By name and cause: both are ours, so there are few. */
  const written = new Map<string, number>();
  let waiting = false;

  const endWindow = (): void => {
    waiting = false;
    for (const [kind, count] of written) {
      if (count > IN_WINDOW) log.warn({ kind, count: count - IN_WINDOW }, "log.left_out");
    }
    written.clear();
  };
  const write = (level: Level, fields: object, name: string): void => {
    const code = "code" in fields && typeof fields.code === "string" ? ` ${fields.code}` : "";
    const kind = name + code;
    const count = (written.get(kind) ?? 0) + 1;
    written.set(kind, count);
    if (!waiting) clock.after(WINDOW_MS, endWindow);
    waiting = true;
    if (count <= IN_WINDOW) log[level](fields, name);
  };
  return {
    debug: (fields, name) => write("debug", fields, name),
    info: (fields, name) => write("info", fields, name),
    warn: (fields, name) => write("warn", fields, name),
    error: (fields, name) => write("error", fields, name),
  };
}
