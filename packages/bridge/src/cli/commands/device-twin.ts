import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { ApiClient, Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { wrongUsage } from "../command-failure.ts";

export function registerDeviceTwin(program: Command, does: Does): void {
  const show = program
    .command("device-twin")
    .description("device twins in the hub")
    .command("show <device>")
    .description("show a device's twin, as az iot hub device-twin show does")
    .option("--integration <id>", "integration whose hub is asked; needed when you have several");
  does(show, async ({ api, args: [device], options }) => {
    const integration = textOption(options, "integration") ?? (await onlyIntegration(api));
    const json = await api.call("GET", pathOf`/admin/v1/integrations/${integration}/devices/${device!}/twin`);
    return { json, text: `${JSON.stringify(json, null, 2)}\n` };
  });
}

async function onlyIntegration(api: ApiClient): Promise<string> {
  const { products } = await api.call("GET", "/v1/products");
  const lists = await Promise.all([
    api.list("/v1/integrations"),
    ...(products as readonly Json[]).map(({ slug }) => api.list(pathOf`/v1/products/${String(slug)}/integrations`)),
  ]);
  const ids = lists.flat().map(({ id }) => String(id));
  if (ids.length === 1) return ids[0]!;
  if (ids.length === 0) throw wrongUsage("No integration, so no hub.", "Make one: isthmus integrations create EVENT");
  throw wrongUsage("There are several integrations.", `Choose with --integration: ${ids.slice(0, 10).join(", ")}`);
}
