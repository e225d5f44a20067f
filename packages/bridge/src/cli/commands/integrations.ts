import type { Command } from "commander";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell, table } from "../table.ts";
import { integrationFields, settingOptions } from "./integration-fields.ts";
import { registerIntegrationLooking } from "./integration-looking.ts";
import { itemPath, PRODUCT_OPTION, rootPath } from "./integration-place.ts";

/** What an edit sends back as it was; the key stays in the server. */
const KEPT_FIELDS = [
  "event",
  "name",
  "hub_name",
  "policy_name",
  "deviceID",
  "json",
  "content_type",
  "message_properties",
  "parse_data",
  "name_sync",
  "create_identities",
  "device_id_prefix",
  "daily_cap",
  "disabled",
];

export function registerIntegrations(program: Command, does: Does): void {
  const integrations = program.command("integrations").description("which events go to which hub");

  const list = integrations
    .command("list")
    .description("list integrations")
    .option(...PRODUCT_OPTION);
  does(list, async ({ api, options }) => {
    const json = await api.list(rootPath(options));
    const rows = json.map((integration) => {
      const today = integration["todayCounters"] as { success: number; error: number };
      const enabled = integration["disabled"] === true ? "no" : "yes";
      const { id, event, hub_name: hub, deviceID: device } = integration;
      return [id, event, hub, device ?? "any", enabled, today.success, today.error];
    });
    const place =
      textOption(options, "product") === undefined ? "in your sandbox; of a product: --product PRODUCT" : "here";
    const nothing = `No integrations ${place}. Make one: isthmus integrations create EVENT --hub HUB`;
    return { json, text: table(["ID", "EVENT", "HUB", "DEVICE", "ON", "TODAY", "ERRORS"], rows, nothing) };
  });

  const create = integrations
    .command("create <event>")
    .description("send events whose names begin like this to a hub")
    .option(...PRODUCT_OPTION);
  does(settingOptions(create), async ({ api, args: [event], options, terminal }) => {
    const fields = await integrationFields(options, terminal.env);
    const body = { integration_type: "AzureIotHub", hub_name: "local", event, ...fields };
    const json = await api.call("POST", rootPath(options), body);
    return { json, text: integrationCard(json, terminal.now()) };
  });

  const show = integrations
    .command("show <id>")
    .description("show one with its counts")
    .option(...PRODUCT_OPTION);
  does(show, async ({ api, args: [id], options, terminal }) => {
    const json = await api.call("GET", await itemPath(api, options, id!));
    return { json, text: integrationCard(json["integration"] as Json, terminal.now()) };
  });

  const edit = integrations
    .command("edit <id>")
    .description("change what is given and keep the rest")
    .option(...PRODUCT_OPTION)
    .option("--event <prefix>", "beginning of the event names");
  does(settingOptions(edit), async ({ api, args: [id], options, terminal }) => {
    const stored = (await api.call("GET", await itemPath(api, options, id!)))["integration"] as Json;
    const event = textOption(options, "event");
    const changes = { ...(event !== undefined && { event }), ...(await integrationFields(options, terminal.env)) };
    const kept = Object.fromEntries(KEPT_FIELDS.filter((name) => name in stored).map((name) => [name, stored[name]]));
    const json = await api.call("PUT", await itemPath(api, options, id!), { ...kept, ...changes });
    return { json, text: integrationCard(json["integration"] as Json, terminal.now()) };
  });

  const remove = integrations
    .command("delete <id>")
    .description("delete one")
    .option(...PRODUCT_OPTION)
    .option("--confirm", "although events wait for it, which then are never sent");
  does(remove, async ({ api, args: [id], options }) => {
    const confirmed = options["confirm"] === true ? "?confirm=true" : "";
    const json = await api.call("DELETE", (await itemPath(api, options, id!)) + confirmed);
    return { json, text: "Deleted.\n" };
  });

  const test = integrations
    .command("test <id>")
    .description("send a message for real and say what happened")
    .option(...PRODUCT_OPTION)
    .option("-d, --device <id>", "device to test as")
    .option("--data <text>", "data of the test event")
    .option("--event-id <id>", "test with a real event: its name, data and device");
  does(test, async ({ api, args: [id], options }) => {
    const device = textOption(options, "device");
    const data = textOption(options, "data");
    const body = { device_id: device, data, event_id: textOption(options, "eventId") };
    const json = await api.call("POST", `${await itemPath(api, options, id!)}/test`, body);
    return { json, text: testText(json), failed: json["pass"] !== true };
  });
  registerIntegrationLooking(integrations, does);
}

function integrationCard(integration: Json, now: number): string {
  const ledger = (integration["counters"] as { ledger?: Json } | undefined)?.ledger;
  return card([
    ["id", integration["id"]],
    ["name", integration["name"]],
    ["event", integration["event"]],
    ["device", integration["deviceID"] ?? "any"],
    ["hub", integration["hub_name"]],
    ...hubLines(integration["hub"] as HubState | undefined),
    ["policy", integration["policy_name"]],
    ["template", integration["json"]],
    ["properties", integration["message_properties"]],
    ["content type", integration["content_type"]],
    ["parse data", integration["parse_data"] === true ? "yes" : "no"],
    ["name sync", integration["name_sync"]],
    ["makes identities", integration["create_identities"] === false ? "no" : "yes"],
    ["device id prefix", integration["device_id_prefix"]],
    ["daily cap", integration["daily_cap"]],
    ["enabled", integration["disabled"] === true ? "no" : "yes"],
    ["created", relativeTime(integration["created_at"], now)],
    ...Object.entries(ledger ?? {}).map(([state, count]) => [state, count] as const),
  ]);
}

interface HubState {
  readonly state: string;
  readonly failure: { readonly message: string; readonly next_step: string } | null;
}

/** A hub that takes no messages says why, and what to do. */
function hubLines(hub: HubState | undefined): [string, unknown][] {
  if (hub === undefined) return [];
  const state: [string, unknown] = ["hub state", hub.state];
  return hub.failure === null
    ? [state]
    : [state, ["because", hub.failure.message], ["next step", hub.failure.next_step]];
}

/** The next step is told once, at the end, not behind each step that failed. */
function testText(report: Json): string {
  const steps = (report["steps"] ?? []) as readonly { name: string; ok: boolean; message: string }[];
  const next = typeof report["next_step"] === "string" ? report["next_step"] : null;
  const brief = (text: unknown): string => cell(next === null ? text : String(text).replace(next, "").trim());
  const lines = steps.map(({ name, ok, message }) => `${ok ? "ok    " : "failed"}  ${cell(name)}: ${brief(message)}\n`);
  if (report["pass"] === true) return `${lines.join("")}${cell(report["data"])}\nThe test passed.\n`;
  const nextLine = next === null ? "" : `Next: ${cell(next)}\n`;
  return `${lines.join("")}The test failed: ${brief(report["error"])}\n${nextLine}`;
}
