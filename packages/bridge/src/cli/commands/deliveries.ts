import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { wrongUsage } from "../command-failure.ts";
import { relativeTime } from "../relative-time.ts";
import { cell, table } from "../table.ts";

const TITLES = ["ID", "EVENT", "DEVICE", "SEQ", "STATE", "FAILED", "ACCEPTED", "WHY"];

export function registerDeliveries(program: Command, does: Does): void {
  const deliveries = program.command("deliveries").description("what became of an integration's events");

  const list = deliveries
    .command("list <integration>")
    .description("list deliveries, newest first")
    .option("--state <state>", "pending, delivered, parked or expired")
    .option("--limit <count>", "how many", "25")
    .option("--before <id>", "those before this delivery");
  does(list, async ({ api, args: [integration], options, terminal }) => {
    const query = new URLSearchParams();
    for (const name of ["state", "limit", "before"]) {
      const value = textOption(options, name);
      if (value !== undefined) query.set(name, value);
    }
    const json = await api.call(
      "GET",
      `${pathOf`/admin/v1/integrations/${integration!}/deliveries`}?${query.toString()}`,
    );
    const rows = (json["deliveries"] as readonly Json[]).map((delivery) => deliveryRow(delivery, terminal.now()));
    const more = json["next"] === null ? "" : `More: --before ${cell(json["next"])}\n`;
    return { json, text: table(TITLES, rows, "No deliveries.") + more };
  });

  const retry = deliveries.command("retry <integration> [ids...]").description("send parked deliveries again");
  does(retry, async ({ api, args: [integration, ...ids] }) => {
    if (ids.some((id) => !/^\d+$/.test(id))) throw wrongUsage("Delivery ids are numbers.");
    const body = ids.length === 0 ? {} : { ids: ids.map(Number) };
    const json = await api.call("POST", pathOf`/admin/v1/integrations/${integration!}/deliveries/retry`, body);
    return { json, text: `${cell(json["retried"])} will be sent again.\n` };
  });
}

function deliveryRow(delivery: Json, now: number): readonly unknown[] {
  const { id, event, device_id: device, seq, state, attempts, accepted_at: accepted, error, code } = delivery;
  const why = error === null ? null : `${cell(code)}: ${cell(error)}`;
  return [id, event, device, seq, state, attempts, relativeTime(accepted, now), why];
}
