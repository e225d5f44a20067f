/** `state watch`: each change of a state as it happens, from both sides. It asks again and again: the API has no stream of states. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Json } from "../api-client.ts";
import { CommandFailure } from "../command-failure.ts";
import { countOption } from "../count-option.ts";
import type { Does } from "../command-runner.ts";
import { cell } from "../table.ts";
import { statePath } from "./state-path.ts";
import { syncText } from "./state-text.ts";
import { leavesOf } from "./state-values.ts";

/** What changed between two looks. `value` absent: removed. */
interface Change {
  readonly path: string;
  readonly value?: unknown;
  readonly by: unknown;
  readonly at: unknown;
}

export function watchState(parent: Command, does: Does): void {
  const watch = parent
    .command("watch <id>")
    .description("follow changes from both sides until Ctrl-C; asks every second")
    .option("--interval <seconds>", "how often it asks")
    .option("--max <count>", "end after so many changes");
  does(watch, async ({ api, args: [id], options, terminal }) => {
    const interval = countOption(options, "interval") ?? 1;
    let rest = countOption(options, "max") ?? Infinity;
    const asJson = options.json === true;
    let seen = await api.call("GET", statePath(id!));
    if (!asJson) terminal.out(`${[...leavesOf(seen["state"])].map(assignment).join(" ")}\n${syncText(seen)}\n`);
    while (!terminal.signal.aborted && rest > 0) {
      await sleep(interval * 1_000, undefined, { signal: terminal.signal });
      const now = await api.call("GET", statePath(id!)).catch(unlessPassing);
      if (now === null || now["revision"] === seen["revision"]) continue;
      const changes = changesBetween(seen, now).slice(0, rest);
      for (const change of changes) terminal.out(asJson ? `${JSON.stringify(change)}\n` : line(change, terminal.now()));
      if (now["sync"] !== seen["sync"] && !asJson) terminal.out(`${syncText(now)}\n`);
      rest -= changes.length;
      seen = now;
    }
    return null;
  });
}

/** A server that starts again is waited for. */
function unlessPassing(error: unknown): null {
  if (error instanceof CommandFailure && /^(?:unreachable|http_(?:429|503))$/.test(error.code)) return null;
  throw error;
}

function changesBetween(before: Json, now: Json): readonly Change[] {
  const [old, present] = [leavesOf(before["state"]), leavesOf(now["state"])];
  const writers = now["written"] as Readonly<Record<string, Json | undefined>>;
  const writer = (path: string): { by: unknown; at: unknown } => {
    const { by = null, at = now["changed_at"] } = writers[path] ?? {};
    return { by, at };
  };
  const changed = [...present].filter(([path, value]) => JSON.stringify(value) !== JSON.stringify(old.get(path)));
  const removed = [...old.keys()].filter((path) => !present.has(path) && !isInside(path, present));
  return [
    ...removed.map((path): Change => ({ path, ...writer(path) })),
    ...changed.map(([path, value]): Change => ({ path, value, ...writer(path) })),
  ];
}

/** An empty object that got its first value is not gone. */
function isInside(path: string, present: ReadonlyMap<string, unknown>): boolean {
  return [...present.keys()].some((other) => other.startsWith(`${path}.`));
}

function line({ path, by, at, ...change }: Change, now: number): string {
  const time = new Date(typeof at === "string" ? at : now).toISOString().slice(11, 19);
  const what = "value" in change ? `${path}=${cell(change.value)}` : `${path} removed`;
  return `${time}  ${cell(by).padEnd(9)}  ${cell(what)}\n`;
}

function assignment([path, value]: readonly [string, unknown]): string {
  return cell(`${path}=${JSON.stringify(value)}`);
}
