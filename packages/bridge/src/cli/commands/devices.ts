import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell, table } from "../table.ts";
import { registerStates } from "./states.ts";

const PRODUCT_OPTION = ["-p, --product <id or slug>", "among a product's devices instead of your own"] as const;

export function registerDevices(program: Command, does: Does): void {
  const devices = program.command("devices").description("your own devices");

  does(devices.command("list").description("list devices"), async ({ api, terminal }) => {
    const json = await api.list("/v1/devices");
    return { json, text: deviceTable(json, terminal.now()) };
  });

  does(devices.command("add <id>").description("claim a device, or make a new one"), async ({ api, args: [id] }) => {
    const json = await api.call("POST", "/v1/devices", { id });
    return { json, text: `${cell(json["id"])} is yours.\n` };
  });

  const show = devices
    .command("show <device>")
    .description("show one device")
    .option(...PRODUCT_OPTION);
  does(show, async ({ api, args: [device], options, terminal }) => {
    const json = await api.call("GET", devicePath(options, device!));
    return { json, text: deviceCard(json, terminal.now()) };
  });

  const rename = devices
    .command("rename <device> <name>")
    .description("name a device")
    .option(...PRODUCT_OPTION);
  does(rename, async ({ api, args: [device, name], options }) => {
    const json = await api.call("PUT", devicePath(options, device!), { name });
    return { json, text: `${cell(json["id"])} is now called ${cell(json["name"])}.\n` };
  });

  const remove = devices
    .command("remove <device>")
    .description("give a device up")
    .option(...PRODUCT_OPTION);
  does(remove, async ({ api, args: [device], options }) => {
    const json = await api.call("DELETE", devicePath(options, device!));
    return { json, text: "Removed.\n" };
  });

  registerStates(devices, does);

  const token = devices
    .command("token <device>")
    .description("make a token with which the device publishes; it is shown once")
    .option("--revoke", "revoke all tokens of the device instead")
    .option(...PRODUCT_OPTION);
  does(token, async ({ api, args: [device], options }) => {
    const path = `${devicePath(options, device!)}/token`;
    if (options["revoke"] === true) {
      const json = await api.call("DELETE", path);
      return { json, text: `Revoked ${cell(json["revoked"])}.\n` };
    }
    const json = await api.call("POST", path);
    return { json, text: `${cell(json["token"])}\n` };
  });
}

/** Devices as rows, for people. */
export function deviceTable(devices: readonly Json[], now: number): string {
  const rows = devices.map((device) => [
    device["id"],
    device["name"],
    approval(device),
    relativeTime(device["last_heard"], now),
  ]);
  return table(
    ["ID", "NAME", "APPROVAL", "LAST HEARD"],
    rows,
    "No devices of your own; of a product: isthmus products devices PRODUCT. Make one: isthmus devices add ID",
  );
}

function deviceCard(device: Json, now: number): string {
  return card([
    ["id", device["id"]],
    ["name", device["name"]],
    ["notes", device["notes"]],
    ["product", device["firmware_product_id"]],
    ["firmware", device["firmware_version"]],
    ["approval", approval(device)],
    ["last heard", relativeTime(device["last_heard"], now)],
    ["created", relativeTime(device["created_at"], now)],
  ]);
}

/** Only product routes tell it; in the sandbox there is nothing to approve. */
function approval(device: Json): string | null {
  if (device["denied"] === true) return "denied";
  if (device["quarantined"] === true) return "quarantined";
  return device["quarantined"] === false ? "approved" : null;
}

function devicePath(options: Options, device: string): string {
  const product = textOption(options, "product");
  return product === undefined ? pathOf`/v1/devices/${device}` : pathOf`/v1/products/${product}/devices/${device}`;
}
