/** `isthmus deliveries`: looking at what became of an integration's events, and acting on it. */
import type { Command } from "commander";
import { pathOf, type Json } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";
import { textOption, type Does, type Options, type Shown } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell, table } from "../table.ts";

const TITLES = ["ID", "EVENT", "DEVICE", "SEQ", "STATE", "TRIES", "ACCEPTED", "WHY"];
const FILTERS = ["state", "device", "event", "code", "since", "until", "limit", "cursor", "before"];

export function registerDeliveries(program: Command, does: Does): void {
  const deliveries = program.command("deliveries").description("what became of an integration's events");
  registerLooking(deliveries, does);
  registerActing(deliveries, does);
  registerReplay(deliveries, does);
}

function registerLooking(deliveries: Command, does: Does): void {
  const list = deliveries
    .command("list <integration>")
    .description("list deliveries, newest first")
    .option("--state <state>", "pending, delivered, parked or expired")
    .option("--device <id>", "of this device")
    .option("--event <prefix>", "whose event's name begins so")
    .option("--code <code>", "whose last failure has this code")
    .option("--since <time>", "accepted at this time or later, e.g. 2026-01-31T12:00:00Z")
    .option("--until <time>", "accepted before this time")
    .option("--limit <count>", "how many", "25")
    .option("--cursor <id>", "go on where a list ended")
    .option("--before <id>", "the same as --cursor");
  does(list, async ({ api, args: [integration], options, terminal }) => {
    const query = new URLSearchParams();
    for (const name of FILTERS) {
      const value = textOption(options, name);
      if (value !== undefined) query.set(name, value);
    }
    const json = await api.call("GET", `${path(integration!)}?${query.toString()}`);
    const heldUpBy = (json["held_up_by"] ?? null) as Json | null;
    const rows = (json["deliveries"] as readonly Json[]).map((one) => deliveryRow(one, heldUpBy, terminal.now()));
    const more = json["next"] === null ? "" : `More: --cursor ${cell(json["next"])}\n`;
    return { json, text: table(TITLES, rows, "No deliveries.") + more };
  });

  const show = deliveries.command("show <integration> <id>").description("one delivery with its data and its tries");
  does(show, async ({ api, args: [integration, id] }) => {
    const json = await api.call("GET", `${path(integration!)}/${pathOf`${deliveryId(id!)}`}`);
    return { json, text: shown(json["delivery"] as Json) };
  });

  const failures = deliveries.command("failures <integration>").description("what ails it, one line per cause");
  does(failures, async ({ api, args: [integration], terminal }) => {
    const json = await api.call("GET", pathOf`/admin/v1/integrations/${integration!}/failures`);
    const rows = (json["failures"] as readonly Json[]).map((group) => [
      group["code"],
      group["parked"],
      group["waiting"],
      relativeTime(group["last_at"], terminal.now()),
      group["sample_delivery"],
      `${cell(group["message"])} ${cell(group["next_step"])}`,
    ]);
    return {
      json,
      text: table(["CAUSE", "PARKED", "WAITING", "LAST", "SAMPLE", "WHAT TO DO"], rows, "Nothing ails it."),
    };
  });
}

function registerActing(deliveries: Command, does: Does): void {
  const retry = deliveries
    .command("retry <integration> [ids...]")
    .description("send parked deliveries again: those named, those of a cause, or all")
    .option("--code <code>", "those parked for this cause");
  does(retry, async ({ api, args: [integration, ...ids], options }) => {
    const json = await api.call("POST", `${path(integration!)}/retry`, chosen(ids, options) ?? {});
    const tried = Number(json["tried"]);
    const shown = acted(json, Number(json["retried"]), ids, "will be sent again");
    return tried === 0
      ? shown
      : { ...shown, text: `${shown.text}${tried} that waited ${tried === 1 ? "is" : "are"} tried now.\n` };
  });

  const discard = deliveries
    .command("discard <integration> [ids...]")
    .description("give deliveries up: those named, those of a cause, or all that are parked")
    .requiredOption("--reason <text>", "why; it is kept with them")
    .option("--code <code>", "those parked for this cause")
    .option("--all", "all that are parked");
  does(discard, async ({ api, args: [integration, ...ids], options }) => {
    const which = chosen(ids, options) ?? (options["all"] === true ? { all: true } : null);
    if (which === null) throw wrongUsage("Say which: delivery ids, --code, or --all.");
    const json = await api.call("POST", `${path(integration!)}/discard`, {
      ...which,
      reason: textOption(options, "reason"),
    });
    return acted(json, Number(json["discarded"]), ids, "ended as expired");
  });

  const copy = deliveries
    .command("copy <integration> <id>")
    .description("send a changed copy as a new event; the parked delivery ends")
    .option("--data <text>", "other data")
    .option("--name <name>", "another event name");
  does(copy, async ({ api, args: [integration, id], options }) => {
    const [data, name] = [textOption(options, "data"), textOption(options, "name")];
    const change = { ...(data !== undefined && { data }), ...(name !== undefined && { name }) };
    const json = await api.call("POST", `${path(integration!)}/${deliveryId(id!)}/copy`, change);
    return { json, text: `Delivery ${cell((json["delivery"] as Json)["id"])} is on its way.\n` };
  });
}

function registerReplay(deliveries: Command, does: Does): void {
  const replay = deliveries
    .command("replay <integration>")
    .description("send delivered events of a time window again; without --from and --to, list replays")
    .option("--from <time>", "accepted at this time or later")
    .option("--to <time>", "accepted before this time")
    .option("--device <id>", "of this device only")
    .option("--event <prefix>", "whose name begins so")
    .option("--cancel <replay>", "give a running one up");
  does(replay, async ({ api, args: [integration], options, terminal }) => {
    const replays = pathOf`/admin/v1/integrations/${integration!}/replays`;
    const cancelled = textOption(options, "cancel");
    if (cancelled !== undefined) {
      return { json: await api.call("DELETE", `${replays}/${pathOf`${cancelled}`}`), text: "Cancelled.\n" };
    }
    const window: Record<string, string> = {};
    for (const name of ["from", "to", "device", "event"]) {
      const value = textOption(options, name);
      if (value !== undefined) window[name] = value;
    }
    if (Object.keys(window).length > 0) {
      const json = await api.call("POST", replays, window);
      return { json, text: `Replay ${cell((json["replay"] as Json)["id"])} runs beside the live events.\n` };
    }
    const json = await api.call("GET", replays);
    const rows = (json["replays"] as readonly Json[]).map((one) => [
      one["id"],
      one["state"],
      one["queued"],
      one["delivered"],
      one["waiting"],
      relativeTime(one["created_at"], terminal.now()),
    ]);
    return { json, text: table(["ID", "STATE", "QUEUED", "DELIVERED", "WAITING", "STARTED"], rows, "No replays.") };
  });
}

function path(integration: string): string {
  return pathOf`/admin/v1/integrations/${integration}/deliveries`;
}

function deliveryId(text: string): string {
  if (!/^\d+$/.test(text)) throw wrongUsage("Delivery ids are numbers.");
  return text;
}

/** Who names deliveries expects something to happen to them. */
function acted(json: Json, count: number, ids: readonly string[], what: string): Shown {
  const none = count === 0 && ids.length > 0;
  return { json, text: none ? "None of them is parked here.\n" : `${count} ${what}.\n`, failed: none };
}

function chosen(ids: readonly string[], options: Options): Json | null {
  if (ids.length > 0) return { ids: ids.map((id) => Number(deliveryId(id))) };
  const code = textOption(options, "code");
  return code === undefined ? null : { code };
}

function deliveryRow(delivery: Json, heldUpBy: Json | null, now: number): readonly unknown[] {
  const { id, event, device_id: device, seq, state, attempts, accepted_at: accepted, error, code } = delivery;
  const ended = delivery["reason"] ?? null;
  const waits = state === "pending" && heldUpBy !== null ? `waits: ${cell(heldUpBy["code"])}` : null;
  const why = ended ?? (error === null ? waits : `${cell(code)}: ${cell(error)}`);
  return [id, event, device, seq, state, attempts, relativeTime(accepted, now), why];
}

function shown(delivery: Json): string {
  const names = [
    "id",
    "state",
    "event",
    "data",
    "device_id",
    "seq",
    "attempts",
    "accepted_at",
    "settled_at",
    "next_attempt_at",
  ];
  const why = ["code", "error", "next_step", "reason", "note"].filter((name) => (delivery[name] ?? null) !== null);
  const tries = (delivery["attempts_log"] as readonly Json[]).map((one) => [
    one["time"],
    one["outcome"],
    one["error"] ?? one["status"],
    one["duration_ms"],
  ]);
  return `${card([...names, ...why].map((name) => [name, delivery[name]]))}\n${table(["TIME", "OUTCOME", "ANSWER", "MS"], tries, "No tries yet.")}`;
}
