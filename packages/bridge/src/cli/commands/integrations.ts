import type { Command } from "commander";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { cell, table } from "../table.ts";
import { integrationCard } from "./integration-card.ts";
import { integrationFields, settingOptions } from "./integration-fields.ts";
import { keptFields } from "./integration-kept.ts";
import { registerIntegrationLooking } from "./integration-looking.ts";
import { itemPath, PRODUCT_OPTION, rootPath } from "./integration-place.ts";

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
      const { id, event, hub_name: hub, url, deviceID: device } = integration;
      return [id, event, hub ?? url, device ?? "any", enabled, today.success, today.error];
    });
    const place =
      textOption(options, "product") === undefined ? "in your sandbox; of a product: --product PRODUCT" : "here";
    const nothing = `No integrations ${place}. Make one: isthmus integrations create EVENT --hub HUB`;
    return { json, text: table(["ID", "EVENT", "TARGET", "DEVICE", "ON", "TODAY", "ERRORS"], rows, nothing) };
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
    const json = await api.call("PUT", await itemPath(api, options, id!), { ...keptFields(stored), ...changes });
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
