import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import type { Does } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { cell, table } from "../table.ts";

/** Programs that call the API for one product. Their tokens are printed alone, once. */
export function registerApiUsers(program: Command, does: Does): void {
  const users = program.command("api-users").description("programs that call the API for one product");

  does(users.command("list <product>").description("list a product's API users"), async ({ api, args, terminal }) => {
    const json = await api.list(pathOf`/v1/products/${args[0]!}/team`);
    const rows = json
      .filter((member) => member["is_programmatic"] === true)
      .map((member) => [
        member["username"],
        member["friendly_name"],
        (member["scopes"] as readonly string[]).join(" "),
        relativeTime(member["created_at"], terminal.now()),
      ]);
    const nothing = "No API users. Make one: isthmus api-users create PRODUCT NAME SCOPE...";
    return { json, text: table(["USERNAME", "NAME", "SCOPES", "CREATED"], rows, nothing) };
  });

  const create = users
    .command("create <product> <name> <scopes...>")
    .description("make an API user with these scopes and print its token");
  does(create, async ({ api, args: [product, name, ...scopes] }) => {
    const json = await api.call("POST", pathOf`/v1/products/${product!}/team`, { friendly_name: name, scopes });
    return { json, text: tokenLine(json["created"]) };
  });

  const change = users
    .command("set-scopes <product> <username> <scopes...>")
    .description("give an API user other scopes and print its new token; the old one ends");
  does(change, async ({ api, args: [product, username, ...scopes] }) => {
    const json = await api.call("PUT", pathOf`/v1/products/${product!}/team/${username!}`, { scopes });
    return { json, text: tokenLine(json["updated"]) };
  });

  const remove = users.command("delete <product> <username>").description("delete an API user; its token ends");
  does(remove, async ({ api, args: [product, username] }) => {
    const json = await api.call("DELETE", pathOf`/v1/products/${product!}/team/${username!}`);
    return { json, text: "Deleted.\n" };
  });
}

function tokenLine(user: unknown): string {
  const [only] = (user as { tokens: readonly Json[] }).tokens;
  return `${cell(only?.["token"])}\n`;
}
