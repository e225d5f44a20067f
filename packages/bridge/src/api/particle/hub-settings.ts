/** How a hub's integration makes messages and keeps identities, as a user writes it; every refusal names its field. */
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubOptions } from "../../core/integration.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { messageOptions } from "./message-options.ts";

/** Of the 128 characters of an id in the hub, 24 are the device's own. */
const MAX_PREFIX = 104;

/** What is left out has its default, in an edit too. */
export function hubOptions(fields: Fields): AzureIotHubOptions {
  return {
    ...messageOptions(fields),
    nameSync: nameSyncOf(fields),
    createIdentities: optionalFlag(fields, "create_identities") ?? AZURE_IOT_HUB_DEFAULTS.createIdentities,
    deviceIdPrefix: deviceIdPrefix(fields),
  };
}

/** `continuous` or `once`; in earlier releases it was true or false. */
function nameSyncOf(fields: Fields): "continuous" | "once" {
  const value = fields["name_sync"];
  if (value === "continuous" || value === "once") return value;
  if (value === undefined || value === null || value === "") return AZURE_IOT_HUB_DEFAULTS.nameSync;
  if (typeof value !== "boolean" && !/^(true|false|[01])$/.test(typeof value === "string" ? value : "")) {
    throw badRequest("name_sync must be continuous or once");
  }
  return optionalFlag(fields, "name_sync") === true ? "continuous" : "once";
}

/** Of what the hub takes in ids, only what no protocol gives another meaning. */
function deviceIdPrefix(fields: Fields): string {
  const prefix = optionalText(fields, "device_id_prefix", MAX_PREFIX) ?? "";
  if (!/^[A-Za-z0-9._:@=,;!()$'*-]*$/.test(prefix)) {
    throw badRequest("device_id_prefix takes letters, digits and - . _ : @ = , ; ! ( ) $ ' *");
  }
  return prefix;
}
