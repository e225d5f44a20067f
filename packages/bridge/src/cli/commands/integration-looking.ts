/** Looking at what integrations do and would do, without changing or sending anything. */
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { card, cell, table } from "../table.ts";
import { integrationFields, settingOptions } from "./integration-fields.ts";
import { itemPath, PRODUCT_OPTION, rootPath } from "./integration-place.ts";

const EVENT_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

interface Verdict {
  readonly id: string;
  readonly name: string;
  readonly matched: boolean;
  readonly waits?: string;
  readonly reason?: string;
}

interface Listed {
  readonly count: number;
  readonly events: readonly Json[];
}

export function registerIntegrationLooking(integrations: Command, does: Does): void {
  const explain = integrations
    .command("explain <event>")
    .description("say which integrations take an event and why the others do not; give its id, or a name and a device")
    .option("-d, --device <id or name>", "device that publishes it")
    .option("-p, --product <id or slug>", "product that the device is in");
  does(explain, async ({ api, args: [event], options }) => {
    const named = EVENT_ID.test(event!) ? { event_id: event } : { name: event, ...deviceFields(options) };
    const json = await api.call("POST", "/admin/v1/match", named);
    const rows = (json["integrations"] as readonly Verdict[]).map(({ id, name, matched, reason, waits }) => [
      id,
      name,
      matched ? "yes" : "no",
      reason ?? waits ?? "",
    ]);
    return { json, text: table(["ID", "NAME", "TAKES IT", "BECAUSE"], rows, "You have no integrations.") };
  });

  const dryRun = integrations
    .command("dry-run <id>")
    .description("say what changed settings would have taken of the last events")
    .option("--event <prefix>", "beginning of the event names")
    .option("--last <count>", "how many events to look at", "100");
  does(settingOptions(dryRun), async ({ api, args: [id], options, terminal }) => {
    const event = textOption(options, "event");
    const changes = await integrationFields(options, terminal.env);
    const body = { ...changes, ...(event !== undefined && { event }), last: textOption(options, "last") };
    const json = await api.call("POST", pathOf`/admin/v1/integrations/${id!}/dry-run`, body);
    return { json, text: dryRunText(json) };
  });

  const preview = integrations
    .command("preview [id]")
    .description("show the message that an integration, or settings that are not saved, make of an event")
    .option(...PRODUCT_OPTION)
    .option("--event <prefix>", "beginning of the event names")
    .option("--data <text>", "data of a made-up event")
    .option("--as <device>", "device that publishes the made-up event")
    .option("--event-id <id>", "a real event instead of the last one");
  does(settingOptions(preview), async ({ api, args: [id], options, terminal }) => {
    const given = { id, event: textOption(options, "event"), ...sampleFields(options) };
    const body = { ...(await integrationFields(options, terminal.env)), ...given };
    const place = id === undefined ? rootPath(options) : (await itemPath(api, options, id)).replace(/\/[^/]+$/, "");
    const json = await api.call("POST", `${place}/preview`, body);
    return { json, text: previewText(json), failed: json["pass"] !== true };
  });
}

function deviceFields(options: Options): Json {
  return { device_id: textOption(options, "device"), product: textOption(options, "product") };
}

function sampleFields(options: Options): Json {
  return {
    data: textOption(options, "data"),
    device_id: textOption(options, "as"),
    event_id: textOption(options, "eventId"),
  };
}

function dryRunText(json: Json): string {
  const [gained, lost, failing] = ["gained", "lost", "failing"].map((kind) => json[kind] as Listed);
  const counts = card([
    ["events looked at", json["looked_at"]],
    ["taken as before", json["kept"]],
    ["gained", gained!.count],
    ["lost", lost!.count],
    ["could not be made", failing!.count],
  ]);
  const lines = [
    ...gained!.events.map((event) => `+ ${eventText(event)}\n`),
    ...lost!.events.map((event) => `- ${eventText(event)}: ${cell(event["reason"])}\n`),
    ...failing!.events.map((event) => `! ${eventText(event)}: ${cell(event["error"])}\n`),
  ];
  return counts + lines.join("");
}

function eventText({ id, name, device_id: device }: Json): string {
  return [id, name, device].map(cell).join("  ");
}

function previewText(json: Json): string {
  const message = json["message"] as Json | null | undefined;
  if (json["request"] !== undefined && json["request"] !== null) return requestText(json["request"] as Json);
  if (message === null || message === undefined)
    return `No message: ${cell(json["error"])}\nNext step: ${cell(json["next_step"])}\n`;
  const properties = Object.entries(message["properties"] as Json).map(([name, value]) => `${name}=${String(value)}`);
  const warnings = json["warnings"] as readonly { readonly message: string }[];
  const shown = card([
    ["body", message["body"]],
    ["content type", message["content_type"]],
    ["properties", properties.join(" ")],
    ["device in the hub", json["device_id"]],
    [
      "size",
      `${String(message["size"])} bytes, counts as ${String(message["metered"])} (on a free hub as ${String(message["metered_on_free"])})`,
    ],
  ]);
  return shown + warnings.map((warning) => `Note: ${cell(warning.message)}\n`).join("");
}

function requestText(request: Json): string {
  const headers = Object.entries(request["headers"] as Json).map(([name, value]) => `${name}: ${String(value)}`);
  return card([
    ["request", `${String(request["method"])} ${String(request["url"])}`],
    ...headers.map((header, index) => [index === 0 ? "headers" : "", header] as const),
    ["body", request["body"]],
  ]);
}
