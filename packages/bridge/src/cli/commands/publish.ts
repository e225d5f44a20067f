import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";

export function registerPublish(program: Command, does: Does): void {
  const publish = program
    .command("publish <name> [data]")
    .description("publish an event, as a device when one is named")
    .option("-d, --device <id>", "device that speaks")
    .option("-p, --product <id or slug>", "product that the device belongs to");
  does(publish, async ({ api, args: [name, data], options }) => {
    const device = textOption(options, "device");
    const product = textOption(options, "product");
    const path = product === undefined ? "/v1/devices/events" : pathOf`/v1/products/${product}/events`;
    const json = await api.call("POST", path, {
      name,
      ...(data !== undefined && { data }),
      ...(device !== undefined && { as_device_id: device }),
    });
    const note = device === undefined ? " An account's event without --device goes to no hub." : "";
    return { json, text: `Published and on disk.${note}\n` };
  });
}
