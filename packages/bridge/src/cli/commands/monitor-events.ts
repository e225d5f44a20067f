import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { wrongUsage } from "../command-failure.ts";
import { countOption } from "../count-option.ts";
import { MONITOR_GREETING, monitorLine } from "../monitor-line.ts";
import type { MonitoredMessage } from "../monitor-line.ts";
import { cell } from "../table.ts";

interface Trouble {
  readonly failure: { readonly code: string; readonly message: string; readonly next_step: string };
}

export function registerMonitorEvents(program: Command, does: Does): void {
  const monitor = program
    .command("monitor-events [device]")
    .description("show messages as they arrive in a hub, as az iot hub monitor-events does")
    .option("--hub <integration or local>", "hub to read, by an integration that sends to it", "local")
    .option("--since <time>", "start there: ISO time, or seconds ago such as 60s")
    .option("--max <count>", "end after so many messages")
    .option("--compact", "one line a message");
  does(monitor, async ({ api, args: [device], options, terminal }) => {
    const asJson = options.json === true;
    const compact = options["compact"] === true;
    const path = monitorPath(device, options, terminal.now());
    let left = countOption(options, "max") ?? Infinity;
    if (!asJson) terminal.err(`${MONITOR_GREETING}\n`);
    for await (const line of api.lines(path)) {
      const message = JSON.parse(line) as MonitoredMessage | Trouble;
      if ("failure" in message) {
        const { code, message: text, next_step: next } = message.failure;
        terminal.err(`${cell(`isthmus: ${text} [${code}] Next: ${next}`)}\n`);
        continue;
      }
      terminal.out(asJson ? `${line}\n` : monitorLine(message, { compact }));
      if (--left <= 0) break;
    }
    return null;
  });
}

function monitorPath(device: string | undefined, options: Options, now: number): string {
  const query = new URLSearchParams({ since: String(sinceOf(options, now)) });
  if (device !== undefined) query.set("device", device);
  return `${pathOf`/admin/v1/hubs/${textOption(options, "hub") ?? "local"}/monitor-events`}?${query.toString()}`;
}

/** Unix milliseconds. */
function sinceOf(options: Options, now: number): number {
  const text = textOption(options, "since");
  if (text === undefined) return now;
  const seconds = /^(\d{1,9})s$/.exec(text)?.[1];
  const time = seconds === undefined ? Date.parse(text) : now - Number(seconds) * 1000;
  if (Number.isNaN(time) || time < 0) throw wrongUsage("--since must be an ISO time or seconds ago, such as 60s.");
  return time;
}
