/** A source's settings as options, for create and edit alike. */
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Options } from "../command-runner.ts";
import { contentOf } from "../file-content.ts";

const KINDS: Readonly<Record<string, string>> = { stream: "particle-cloud", webhook: "inbound-webhook" };
/** Options whose text is a field as it stands. */
const TEXT_FIELDS = {
  name: "name",
  event: "event",
  particleProduct: "particle_product",
  particleDevice: "particle_device",
  baseUrl: "base_url",
} as const;
const FLAG_FIELDS = {
  createDevices: "create_devices",
  systemEvents: "system_events",
  followEvents: "follow_events",
} as const;

export function sourceOptions(command: Command): Command {
  return command
    .option("--name <name>", "display name")
    .option("--event <prefix>", "beginning of the event names; all when left out")
    .option(
      "--particle-product <id or slug>",
      "stream: the product in Particle's cloud; your own devices when left out",
    )
    .option("--particle-device <id>", "stream: one device instead of all")
    .option("--token-file <file>", "stream: file with a token of Particle's cloud; ISTHMUS_PARTICLE_TOKEN works too")
    .option("--base-url <url>", "stream: another cloud than https://api.particle.io")
    .option("--follow-events", "stream: take events")
    .option("--no-follow-events", "stream: fetch the devices' names only, as beside a webhook")
    .option("--create-devices", "make devices that are not known yet")
    .option("--no-create-devices", "take events of devices only that are in the product")
    .option("--system-events", "take spark/… and particle/… events too")
    .option("--no-system-events", "do not take them");
}

export function sourcesPath(options: Options): string {
  return pathOf`/admin/v1/products/${textOption(options, "product") ?? ""}/sources`;
}

/** The fields that were given. A token never stands on the command line, where others could read it. */
export async function sourceFields(
  kind: string | null,
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Json> {
  const fields: Record<string, unknown> = {};
  if (kind !== null) {
    if (!Object.hasOwn(KINDS, kind)) throw wrongUsage("The kind is 'stream' or 'webhook'.");
    fields["kind"] = KINDS[kind];
  }
  for (const [option, field] of Object.entries(TEXT_FIELDS)) {
    const text = textOption(options, option);
    if (text !== undefined) fields[field] = text;
  }
  for (const [option, field] of Object.entries(FLAG_FIELDS)) {
    if (typeof options[option] === "boolean") fields[field] = options[option];
  }
  if (options["enable"] === true && options["disable"] === true) throw wrongUsage("Give --enable or --disable.");
  if (options["enable"] === true || options["disable"] === true) fields["disabled"] = options["disable"] === true;
  const file = textOption(options, "tokenFile");
  const token = file === undefined ? env["ISTHMUS_PARTICLE_TOKEN"] : (await contentOf(file)).trim();
  if (token !== undefined && kind !== "webhook") fields["token"] = token;
  return fields;
}
