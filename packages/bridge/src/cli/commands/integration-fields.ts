/** An integration's settings as options, for create and edit alike. */
import type { Command } from "commander";
import { wrongUsage } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Options } from "../command-runner.ts";
import { contentOf } from "../file-content.ts";
import type { Json } from "../api-client.ts";

/** Options whose text is a field as it stands. */
const TEXT_FIELDS = {
  hub: "hub_name",
  policy: "policy_name",
  device: "deviceID",
  name: "name",
  contentType: "content_type",
  deviceIdPrefix: "device_id_prefix",
} as const;

/** Options that are on or off. */
const FLAG_FIELDS = {
  nameSync: "name_sync",
  parseData: "parse_data",
  createIdentities: "create_identities",
} as const;

export function settingOptions(command: Command): Command {
  return command
    .option("--hub <name>", "hub: bare name, host name, or local")
    .option("--policy <name>", "shared access policy")
    .option("--key-file <file>", "file with the policy's key; ISTHMUS_POLICY_KEY works too")
    .option("--secondary-key-file <file>", "file with the policy's other key; ISTHMUS_SECONDARY_POLICY_KEY works too")
    .option("--no-secondary-key", "forget the other key")
    .option("--entra <file or none>", "JSON file with a Microsoft Entra credential for identities and twins")
    .option("-d, --device <id or name>", "take this one device's events only")
    .option("--name <name>", "display name")
    .option("--template <json or @file>", "body instead of the default one")
    .option("--content-type <type>", "content type of the messages")
    .option("--property <name=template...>", "message properties, instead of those that were set; none: --property ''")
    .option("--parse-data", "JSON data become JSON in the default body")
    .option("--no-parse-data", "data stay a text in the default body")
    .option("--create-identities", "make the identities that the hub lacks")
    .option("--no-create-identities", "wait until somebody else has made them")
    .option("--device-id-prefix <text>", "stands before the device's id in the hub; none: ''")
    .option("--daily-cap <count or none>", "messages in one day (UTC); the rest waits")
    .option("--enable", "take events")
    .option("--disable", "take no events")
    .option("--name-sync", "keep the twin's deviceName equal to the device's name")
    .option("--no-name-sync", "write the twin's deviceName at creation only");
}

/** The fields that were given. A key never stands on the command line, where others could read it. */
export async function integrationFields(
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Json> {
  const fields: Record<string, unknown> = {};
  for (const [option, field] of Object.entries(TEXT_FIELDS)) {
    const text = textOption(options, option);
    if (text !== undefined) fields[field] = text;
  }
  const keyFile = textOption(options, "keyFile");
  const key = keyFile === undefined ? env["ISTHMUS_POLICY_KEY"] : (await contentOf(keyFile)).trim();
  if (key !== undefined) fields["policy_key"] = key;
  Object.assign(fields, await otherCredentials(options, env));
  const template = textOption(options, "template");
  if (template !== undefined) fields["json"] = await templateOf(template);
  if (options["enable"] === true && options["disable"] === true) throw wrongUsage("Give --enable or --disable.");
  if (options["enable"] === true) fields["disabled"] = false;
  if (options["disable"] === true) fields["disabled"] = true;
  for (const [option, field] of Object.entries(FLAG_FIELDS)) {
    if (typeof options[option] === "boolean") fields[field] = options[option];
  }
  const cap = textOption(options, "dailyCap");
  if (cap !== undefined) fields["daily_cap"] = cap === "none" ? null : cap;
  if (Array.isArray(options["property"])) fields["message_properties"] = propertiesOf(options["property"] as string[]);
  return fields;
}

function propertiesOf(pairs: readonly string[]): Json {
  const given = pairs.filter((pair) => pair !== "");
  const wrong = given.find((pair) => pair.indexOf("=") < 1);
  if (wrong !== undefined) throw wrongUsage("A property is written NAME=TEXT.");
  return Object.fromEntries(given.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

async function otherCredentials(options: Options, env: Readonly<Record<string, string | undefined>>): Promise<Json> {
  const fields: Record<string, unknown> = {};
  const keyFile = textOption(options, "secondaryKeyFile");
  const key = keyFile === undefined ? env["ISTHMUS_SECONDARY_POLICY_KEY"] : (await contentOf(keyFile)).trim();
  if (options["secondaryKey"] === false) fields["secondary_policy_key"] = "";
  else if (key !== undefined) fields["secondary_policy_key"] = key;
  const entra = textOption(options, "entra");
  if (entra !== undefined) fields["entra"] = entra === "none" ? null : jsonOf(await contentOf(entra), entra);
  return fields;
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongUsage(`The file ${file} does not hold JSON.`);
  }
}

/** JSON objects become template objects; anything else is a template text. */
async function templateOf(option: string): Promise<unknown> {
  const text = option.startsWith("@") ? await contentOf(option.slice(1)) : option;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" ? parsed : text;
  } catch {
    return text;
  }
}
