/** How states are mirrored: by which hub and which rules. */
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { CommandFailure } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { contentOf } from "../file-content.ts";
import { card, cell } from "../table.ts";
import { conflictTable } from "./state-text.ts";

/** Options whose text is a field as it stands. */
const TEXT_FIELDS = {
  telemetry: "telemetry",
  conflicts: "conflicts",
  consumerGroup: "consumer_group",
  eventEndpoint: "event_endpoint",
  eventHub: "event_hub_name",
  hub: "hub_name",
  policy: "policy_name",
} as const;

export function registerStateSettings(things: Command, does: Does): void {
  const settings = things
    .command("settings [product]")
    .description("how states are mirrored, of a product or of your own devices; options change it")
    .option("--telemetry <rule>", "JSON messages of devices: merge, replace or ignore")
    .option("--conflicts <rule>", "both sides wrote: newest, hub or ours wins")
    .option("--cloud-to-device", "send the whole state as a message too")
    .option("--no-cloud-to-device", "do not")
    .option("--sweep <seconds or auto>", "how often all is compared with the hub")
    .option("--consumer-group <name>", "with which messages are read")
    .option("--event-endpoint <address>", "where they are read, when the hub is not to be asked")
    .option("--event-hub <name>", "the Event Hub-compatible name there")
    .option("--hub <name>", "the hub; '' goes back to the server's default")
    .option("--policy <name>", "its policy; the key comes from ISTHMUS_POLICY_KEY or --key-file")
    .option("--key-file <file>", "file with the policy's key")
    .option("--secondary-key-file <file>", "file with the policy's other key; ISTHMUS_SECONDARY_POLICY_KEY works too")
    .option("--no-secondary-key", "forget the other key")
    .option("--reset", "go back to all defaults");
  does(settings, async ({ api, args: [product], options, terminal }) => {
    const path = settingsPath(product);
    if (options["reset"] === true) {
      await api.call("DELETE", path).catch(unlessNoneAreSet);
      return { json: { ok: true }, text: "Back to the defaults.\n" };
    }
    const fields = await settingFields(options, terminal.env);
    const json = Object.keys(fields).length === 0 ? await api.call("GET", path) : await api.call("PUT", path, fields);
    return { json, text: settingsCard(json["settings"] as Json) };
  });

  const conflicts = things
    .command("conflicts <product>")
    .description("what both sides wrote at once, in a whole product")
    .option("--limit <count>", "how many", "25");
  does(conflicts, async ({ api, args: [product], options, terminal }) => {
    const path = pathOf`/admin/v1/products/${product!}/state-conflicts`;
    const json = await api.call("GET", `${path}?limit=${countOption(options, "limit")}`);
    return { json, text: conflictTable(json, terminal.now(), true) };
  });
}

async function settingFields(options: Options, env: Readonly<Record<string, string | undefined>>): Promise<Json> {
  const fields: Record<string, unknown> = {};
  for (const [option, field] of Object.entries(TEXT_FIELDS)) {
    const text = textOption(options, option);
    if (text !== undefined) fields[field] = text;
  }
  if (typeof options["cloudToDevice"] === "boolean") fields["cloud_to_device"] = options["cloudToDevice"];
  if (textOption(options, "sweep") === "auto") fields["sweep_seconds"] = null;
  else if (options["sweep"] !== undefined) fields["sweep_seconds"] = countOption(options, "sweep");
  // A key that lies in the environment for another command is sent only where a hub is named.
  const names = fields["hub_name"] !== undefined || fields["policy_name"] !== undefined;
  const keyFile = textOption(options, "keyFile");
  const kept = names && fields["hub_name"] !== "" ? env["ISTHMUS_POLICY_KEY"] : undefined;
  const key = keyFile === undefined ? kept : (await contentOf(keyFile)).trim();
  if (key !== undefined) fields["policy_key"] = key;
  const otherFile = textOption(options, "secondaryKeyFile");
  const keptOther = key === undefined ? undefined : env["ISTHMUS_SECONDARY_POLICY_KEY"];
  const other = otherFile === undefined ? keptOther : (await contentOf(otherFile)).trim();
  if (options["secondaryKey"] === false) fields["secondary_policy_key"] = "";
  else if (other !== undefined) fields["secondary_policy_key"] = other;
  return fields;
}

function unlessNoneAreSet(error: unknown): void {
  const isThat = error instanceof CommandFailure && error.message.startsWith("State settings not found");
  if (!isThat) throw error;
}

function settingsCard(settings: Json): string {
  const isOwn = (settings["hub_name"] ?? null) !== null;
  return card([
    ["hub", isOwn ? settings["hub_name"] : "the server's default"],
    ...(isOwn ? [["policy", settings["policy_name"]] as const] : []),
    ["telemetry", settings["telemetry"]],
    ["conflicts", `${String(settings["conflicts"])} wins`],
    ["cloud to device", settings["cloud_to_device"] === true ? "the whole state as a message too" : "no messages"],
    [
      "sweep",
      settings["sweep_seconds"] === null ? "as often as suits the hub" : `every ${cell(settings["sweep_seconds"])} s`,
    ],
    ["consumer group", settings["consumer_group"]],
    ["events are read at", settings["event_endpoint"] ?? "where the hub says"],
    ...(settings["event_hub_name"] === null ? [] : [["event hub", settings["event_hub_name"]] as const]),
  ]);
}

function settingsPath(product: string | undefined): string {
  return product === undefined ? "/admin/v1/state-settings" : pathOf`/admin/v1/products/${product}/state-settings`;
}
