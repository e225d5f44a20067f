/** An integration for people. */
import type { Json } from "../api-client.ts";
import { relativeTime } from "../relative-time.ts";
import { card } from "../table.ts";

type Lines = readonly (readonly [string, unknown])[];

export function integrationCard(integration: Json, now: number): string {
  const ledger = (integration["counters"] as { ledger?: Json } | undefined)?.ledger;
  return card([
    ["id", integration["id"]],
    ["name", integration["name"]],
    ["event", integration["event"]],
    ["device", integration["deviceID"] ?? "any"],
    ...(integration["integration_type"] === "Webhook" ? webhookSettings(integration) : hubSettings(integration)),
    ["daily cap", integration["daily_cap"]],
    ["enabled", integration["disabled"] === true ? "no" : "yes"],
    ["created", relativeTime(integration["created_at"], now)],
    ...Object.entries(ledger ?? {}),
  ]);
}

function hubSettings(integration: Json): Lines {
  return [
    ["hub", integration["hub_name"]],
    ...stateLines("hub state", integration["hub"] as TargetState | undefined),
    ["policy", integration["policy_name"]],
    ["template", integration["json"]],
    ["properties", integration["message_properties"]],
    ["content type", integration["content_type"]],
    ["parse data", integration["parse_data"] === true ? "yes" : "no"],
    ["name sync", integration["name_sync"]],
    ["makes identities", integration["create_identities"] === false ? "no" : "yes"],
    ["device id prefix", integration["device_id_prefix"]],
  ];
}

/** What a webhook does not set is left out: it has many fields, and mostly few of them. */
function webhookSettings(integration: Json): Lines {
  const optional = ["json", "form", "body", "query", "headers", "auth", "responseTopic", "errorResponseTopic"];
  return [
    ["url", integration["url"]],
    ["request", integration["requestType"]],
    ...stateLines("target state", integration["hub"] as TargetState | undefined),
    ...optional.filter((name) => name in integration).map((name) => [name, integration[name]] as const),
  ];
}

interface TargetState {
  readonly state: string;
  readonly failure: { readonly message: string; readonly next_step: string } | null;
}

/** A target that takes no messages says why, and what to do. */
function stateLines(title: string, target: TargetState | undefined): Lines {
  if (target === undefined) return [];
  const state: [string, unknown] = [title, target.state];
  return target.failure === null
    ? [state]
    : [state, ["because", target.failure.message], ["next step", target.failure.next_step]];
}
