import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell, table } from "../table.ts";
import { sourceFields, sourceOptions, sourcesPath } from "./source-fields.ts";

const PRODUCT_OPTION = ["-p, --product <id or slug>", "the product that the events are for"] as const;
const SHOWN_GAPS = 10;

export function registerSources(program: Command, does: Does): void {
  const sources = program.command("sources").description("events of devices on Particle's cloud");

  const list = sources
    .command("list")
    .description("list a product's sources")
    .requiredOption(...PRODUCT_OPTION);
  does(list, async ({ api, options, terminal }) => {
    const json = await api.call("GET", sourcesPath(options));
    const rows = (json["sources"] as readonly Json[]).map((source) => {
      const status = source["status"] as Status;
      const { id, kind, event } = source;
      const last = relativeTime(status.last_event_at, terminal.now());
      return [id, kind, event === "" ? "all" : event, status.state, status.today.accepted, last];
    });
    const nothing = "No sources. Make one: isthmus sources create webhook --product P --event PREFIX";
    return { json, text: table(["ID", "KIND", "EVENT", "STATE", "TODAY", "LAST EVENT"], rows, nothing) };
  });

  const create = sources
    .command("create <kind>")
    .description("`webhook`: Particle's cloud calls this server; `stream`: this server follows Particle's cloud")
    .requiredOption(...PRODUCT_OPTION)
    .option("--public-url <url>", "webhook: how Particle's cloud reaches this server")
    .option("--out <file>", "webhook: write the definition for Particle's console here, secret included");
  does(sourceOptions(create), async ({ api, args: [kind], options, terminal }) => {
    const fields = await sourceFields(kind!, options, terminal.env);
    const publicUrl = textOption(options, "publicUrl");
    const query = publicUrl === undefined ? "" : `?${new URLSearchParams({ public_url: publicUrl }).toString()}`;
    const json = await api.call("POST", sourcesPath(options) + query, fields);
    const text = sourceCard(json["source"] as Json, terminal.now());
    return { json, text: text + (await definitionText(json["webhook_definition"], textOption(options, "out"))) };
  });

  const show = sources
    .command("show <id>")
    .description("show one, what it is doing and what it missed")
    .requiredOption(...PRODUCT_OPTION);
  does(show, async ({ api, args: [id], options, terminal }) => {
    const path = sourcesPath(options) + pathOf`/${id!}`;
    const { source } = await api.call("GET", path);
    const { gaps } = await api.call("GET", `${path}/gaps?limit=${SHOWN_GAPS}`);
    const rows = (gaps as readonly Json[]).map(({ from, to, reason }) => [from, to ?? "now", reason]);
    const missed = rows.length === 0 ? "" : `\n${table(["NOTHING RECEIVED FROM", "TO", "BECAUSE"], rows)}`;
    return { json: { source, gaps }, text: sourceCard(source as Json, terminal.now()) + missed };
  });

  const edit = sources
    .command("edit <id>")
    .description("change what is given, keep the rest, and try again if it had stopped")
    .requiredOption(...PRODUCT_OPTION)
    .option("--enable", "take events")
    .option("--disable", "take no events");
  does(sourceOptions(edit), async ({ api, args: [id], options, terminal }) => {
    const fields = await sourceFields(null, options, terminal.env);
    const json = await api.call("PUT", sourcesPath(options) + pathOf`/${id!}`, fields);
    return { json, text: sourceCard(json["source"] as Json, terminal.now()) };
  });

  const remove = sources
    .command("delete <id>")
    .description("delete one; events that came stay")
    .requiredOption(...PRODUCT_OPTION);
  does(remove, async ({ api, args: [id], options }) => {
    const json = await api.call("DELETE", sourcesPath(options) + pathOf`/${id!}`);
    return { json, text: "Deleted.\n" };
  });
}

interface Status {
  readonly state: string;
  readonly until: string | null;
  readonly reason: string | null;
  readonly next_step: string | null;
  readonly today: Readonly<Record<"accepted" | "repeated" | "ignored" | "refused", number>>;
  readonly last_event_at: string | null;
  readonly test_received_at: string | null;
  readonly last_refusal: { readonly at: string; readonly message: string } | null;
  readonly names_fetched_at: string | null;
  readonly names_failure: string | null;
}

function sourceCard(source: Json, now: number): string {
  const status = source["status"] as Status;
  const { accepted, repeated, ignored, refused } = status.today;
  const isStream = source["kind"] === "particle-cloud";
  return card([
    ...["id", "kind", "name"].map((field) => [field, source[field]] as const),
    ["event", source["event"] === "" ? "all" : source["event"]],
    ...(isStream
      ? ([
          ["cloud", source["base_url"]],
          ["its product", source["particle_product"] ?? "none: the account's own devices"],
        ] as const)
      : ([["url", source["url"]]] as const)),
    ["state", status.state],
    ...optional("because", status.reason),
    ...optional("next step", status.next_step),
    ...(status.until === null ? [] : [["next try", relativeTime(status.until, now)] as const]),
    ["today", `${accepted} taken, ${repeated} came twice, ${ignored} not wanted, ${refused} refused`],
    ["last event", relativeTime(status.last_event_at, now)],
    ...(isStream
      ? [["names", status.names_failure ?? `fetched ${relativeTime(status.names_fetched_at, now)}`] as const]
      : [["test", `received ${relativeTime(status.test_received_at, now)}`] as const]),
    ...optional("last refusal", status.last_refusal?.message),
  ]);
}

function optional(name: string, value: string | null | undefined): (readonly [string, string])[] {
  return value === null || value === undefined ? [] : [[name, value]];
}

/** The definition holds the secret, which no later answer shows. */
async function definitionText(definition: unknown, file: string | undefined): Promise<string> {
  if (definition === undefined) return "";
  const text = `${JSON.stringify(definition, null, 2)}\n`;
  const isWritten =
    file !== undefined &&
    (await writeFile(file, text, { mode: 0o600 }).then(
      () => true,
      () => false,
    ));
  if (file === undefined || !isWritten) {
    const pity = file === undefined ? "" : `${cell(file)} could not be written. `;
    return `\n${pity}Paste this into Particle's console (Custom Template). The secret is not shown again.\n\n${text}`;
  }
  return `\nThe webhook is in ${cell(file)}: particle webhook create ${cell(file)}\n`;
}
