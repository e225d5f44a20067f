/** The keys and tokens with which Para's clients speak for a product. */
import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { card, cell } from "../table.ts";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

export function registerThingApps(things: Command, does: Does): void {
  const keys = things
    .command("keys <product>")
    .description("the access key for Para's clients; with --renew a new secret key, shown once")
    .option("--renew", "make a new secret key: the former one and its tokens end");
  does(keys, async ({ api, args: [product], options }) => {
    const path = pathOf`/admin/v1/products/${product!}/app-keys`;
    const json = await api.call(options["renew"] === true ? "POST" : "GET", path);
    if (json["secretKey"] !== undefined) {
      const pair = card([
        ["access key", json["accessKey"]],
        ["secret key", json["secretKey"]],
      ]);
      return { json, text: `${pair}The secret key is not shown again.\n` };
    }
    const state = json["made"] === true ? "made; it was shown once" : "none yet";
    const renew = `isthmus things keys ${cell(product)} --renew`;
    const rows = card([
      ["access key", json["accessKey"]],
      ["secret key", state],
    ]);
    return { json, text: `${rows}A new one: ${renew}\n` };
  });

  const token = things
    .command("token <product>")
    .description("a token for Para's API: Authorization: Bearer TOKEN")
    .option("--expires-in <time>", "how long it is good for: 3600, 30m, 12h, 7d", "7d");
  does(token, async ({ api, args: [product], options }) => {
    const expires_in = seconds(textOption(options, "expiresIn") ?? "7d");
    const json = await api.call("POST", pathOf`/admin/v1/products/${product!}/app-tokens`, { expires_in });
    return { json, text: `${cell(json["token"])}\n` };
  });
}

function seconds(text: string): number {
  const [, count, unit = "s"] = /^([1-9]\d{0,8})([smhd])?$/.exec(text) ?? [];
  if (count === undefined) throw wrongUsage("--expires-in must be seconds, or a number with m, h or d.");
  return Number(count) * SECONDS[unit]!;
}
