/** `isthmus things`: devices that reach the hub by themselves, and whose state is mirrored. */
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { ApiClient, Json } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell } from "../table.ts";
import { gently } from "../terminal.ts";
import { appendKeys } from "./keys-file.ts";
import { registerStateSettings } from "./state-settings.ts";
import { registerStates } from "./states.ts";
import { watchState } from "./state-watch.ts";
import { patchOf } from "./state-values.ts";
import { registerThingApps } from "./thing-apps.ts";
import { deleteMany } from "./thing-deleting.ts";
import { createFleet } from "./thing-fleet.ts";
import { namesAsked } from "./thing-names.ts";
import { thingCard, thingTable } from "./thing-text.ts";

const PRODUCT_OPTION = ["-p, --product <id or slug>", "the product, which Para's clients call an app"] as const;

export function registerThings(program: Command, does: Does): void {
  const things = program.command("things").description("devices with keys of their own, their state mirrored");
  registerLooking(things, does);
  registerMaking(things, does);
  registerActing(things, does);
  registerStates(things, does);
  watchState(things, does);
  registerStateSettings(things, does);
  registerThingApps(things, does);
}

function registerLooking(things: Command, does: Does): void {
  const list = things
    .command("list")
    .description("list a product's Things, in the order of making")
    .requiredOption(...PRODUCT_OPTION)
    .option("--query <query>", "those that it finds, e.g. 'name:pump* AND deviceState.on:true'")
    .option("--limit <count>", "how many", "25")
    .option("--after <id>", "go on after this one");
  does(list, async ({ api, options, terminal }) => {
    const query = new URLSearchParams({ limit: String(countOption(options, "limit")) });
    for (const [option, field] of [
      ["query", "q"],
      ["after", "after"],
    ] as const) {
      const text = textOption(options, option);
      if (text !== undefined) query.set(field, text);
    }
    const json = await api.call("GET", `${thingsPath(options)}?${query.toString()}`);
    const found = json["things"] as readonly Json[];
    const more = json["next"] === null ? "" : `${cell(json["total"])} in all. More: --after ${cell(json["next"])}\n`;
    return { json, text: thingTable(found, terminal.now()) + more };
  });

  does(things.command("show <id>").description("show one, with its state"), async ({ api, args: [id], terminal }) => {
    const json = await api.call("GET", thingPath(id!));
    return { json, text: thingCard(json["thing"] as Json, terminal.now()) };
  });

  does(things.command("hubs").description("hubs that mirror states, and how it goes"), async ({ api, terminal }) => {
    const json = await api.call("GET", "/admin/v1/state-hubs");
    const now = terminal.now();
    const texts = (json["hubs"] as readonly Json[]).map((hub) => hubCard(hub, now));
    return { json, text: texts.length === 0 ? "No hub mirrors a state yet.\n" : texts.join("\n") };
  });
}

function registerMaking(things: Command, does: Does): void {
  const create = things
    .command("create [name]")
    .description("make one, or many with --count or --file; keys are shown once")
    .requiredOption(...PRODUCT_OPTION)
    .option("--id <id>", "its id here and in the hub; made by the server when left out")
    .option("--state <KEY=VALUE...>", "initial state")
    .option("--tag <tag...>", "tags")
    .option("--keys-file <file>", "write id, name and connection string here, readable by you alone")
    .option("--count <number>", "many: so many")
    .option("--name-prefix <text>", "many: their names are this and a number", "thing-")
    .option("--file <file>", "many: names from a file, one a line or the first column")
    .option("--at-once <number>", "many: how many requests at a time", "8")
    .option("--renew-missing", "many: new keys for those that are there and not in the keys file");
  does(create, async (invocation) => {
    const { api, args, options, terminal } = invocation;
    const fields = thingFields(options);
    const file = textOption(options, "keysFile");
    const names = await namesAsked(args[0], options);
    if (names !== null) {
      if (file === undefined) throw wrongUsage("Keys are shown once: name a file for them with --keys-file.");
      return createFleet({ ...invocation, path: thingsPath(options), names, fields, keysFile: file });
    }
    const [name, id] = [args[0], textOption(options, "id")];
    const body = { ...fields, ...(name !== undefined && { name }), ...(id !== undefined && { id }) };
    return gently(terminal, async () => {
      const json = await api.call("POST", thingsPath(options), body);
      return { json, text: await details(json, file) };
    });
  });
}

function registerActing(things: Command, does: Does): void {
  const remove = things
    .command("delete [ids...]")
    .description("delete Things, and their devices in the hub")
    .option("-p, --product <id or slug>", "many: of this product")
    .option("--all", "many: all of them")
    .option("--query <query>", "many: those that it finds")
    .option("--at-once <number>", "many: how many requests at a time", "8");
  does(remove, async (invocation) => {
    const { api, args: ids, options } = invocation;
    const query = textOption(options, "query");
    const isMany = textOption(options, "product") !== undefined && (options["all"] === true) !== (query !== undefined);
    if (isMany !== (ids.length === 0)) throw wrongUsage("Name Things, or give --product with --all or --query.");
    if (isMany) return deleteMany({ ...invocation, path: thingsPath(options), query: query ?? null });
    for (const id of ids) await api.call("DELETE", thingPath(id));
    return { json: { deleted: ids }, text: ids.length === 1 ? "Deleted.\n" : `Deleted ${ids.length}.\n` };
  });

  const renew = things
    .command("renew-key <id>")
    .description("make a new key; the hub refuses the former one from then on")
    .option("--secondary", "the secondary key instead of the primary one")
    .option("--keys-file <file>", "append id, name and connection string here");
  does(renew, ({ api, args: [id], options, terminal }) =>
    gently(terminal, async () => {
      const key = options["secondary"] === true ? "secondary" : "primary";
      const json = await api.call("POST", `${thingPath(id!)}/keys`, { key });
      return { json, text: await details(json, textOption(options, "keysFile")) };
    }),
  );

  for (const [verb, status] of [
    ["enable", "enabled"],
    ["disable", "disabled"],
  ] as const) {
    const command = things
      .command(`${verb} <id>`)
      .description(`let it ${verb === "enable" ? "" : "not "}reach its hub`);
    does(command, async ({ api, args: [id] }) => {
      const json = await setStatus(api, id!, status);
      return { json, text: `${cell((json["thing"] as Json)["name"])} is ${status}.\n` };
    });
  }
}

function setStatus(api: ApiClient, id: string, status: string): Promise<Json> {
  return api.call("PUT", `${thingPath(id)}/status`, { status });
}

/** Shown once, or written to the file and not shown. */
async function details(json: Json, file: string | undefined): Promise<string> {
  const thing = json["thing"] as Json;
  const shown = thing["deviceDetails"] as Json;
  const head = [
    ["id", thing["id"]],
    ["name", thing["name"]],
  ] as const;
  if (file !== undefined) {
    await appendKeys(file, [{ id: thing["id"], name: thing["name"], connectionString: shown["connectionString"] }]);
    return `${card(head)}Its connection string is in ${cell(file)}.\n`;
  }
  return `${card([
    ...head,
    ["primary key", shown["primaryKey"]],
    ["secondary key", shown["secondaryKey"]],
  ])}Connection string, not shown again:\n${cell(shown["connectionString"])}\n`;
}

function thingFields(options: Options): Json {
  const [state, tags] = [options["state"], options["tag"]];
  return {
    ...(Array.isArray(state) && { deviceState: patchOf(state as string[]) }),
    ...(Array.isArray(tags) && { tags }),
  };
}

function hubCard(hub: Json, now: number): string {
  const [writing, reading, sweep] = [hub["writing"] as Json, hub["reading"] as Json, hub["sweep"] as Json];
  const trouble = (of: Json): string => {
    const error = (of["error"] ?? null) as Json | null;
    return error === null ? "" : `: ${cell(error["message"])} Next: ${cell(error["next_step"])}`;
  };
  const counted = hub["devices"] !== undefined;
  return card([
    ["hub", hub["host_name"]],
    ["connection", hub["connection"]],
    ...(counted
      ? ([
          ["devices", hub["devices"]],
          ["waiting", waiting(hub, now)],
          ["missing in the hub", hub["missing"]],
          ["to be deleted there", hub["removals"]],
        ] as const)
      : []),
    ["writes", `${(writing["error"] ?? null) === null ? "taken" : "waiting"}${trouble(writing)}`],
    ["messages", `${reading["is_reading"] === true ? "read" : "not read"}${trouble(reading)}`],
    ["consumer group", reading["consumer_group"]],
    ["last message", `${relativeTime(reading["last_event_at"], now)}${unread(reading)}`],
    ["last sweep", `${relativeTime(sweep["last_at"], now)}${took(sweep)}${trouble(sweep)}`],
  ]);
}

function waiting({ pending, oldest_pending_at: oldest }: Json, now: number): string {
  return oldest === null ? cell(pending) : `${cell(pending)}, the longest since ${relativeTime(oldest, now)}`;
}

/** Operators are told; others have no such figures. */
function unread({ behind, expired }: Json): string {
  const notes = [
    typeof behind === "number" && behind > 0 ? `${behind} behind` : "",
    typeof expired === "number" && expired > 0 ? `${expired} too old for the hub before they were read` : "",
  ].filter((note) => note !== "");
  return notes.length === 0 ? "" : ` (${notes.join(", ")})`;
}

function took({ last_ms: ms, repaired }: Json): string {
  if (typeof ms !== "number") return "";
  return `, took ${ms} ms${typeof repaired === "number" ? `; ${repaired} repaired so far` : ""}`;
}

function thingsPath(options: Options): string {
  return pathOf`/admin/v1/products/${textOption(options, "product") ?? ""}/things`;
}

function thingPath(id: string): string {
  return pathOf`/admin/v1/things/${id}`;
}
