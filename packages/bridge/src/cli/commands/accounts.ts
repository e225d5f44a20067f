import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import type { Does } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { cell, table } from "../table.ts";

/** For the operator: who may sign in. Passwords are made by the server and printed alone, so that no argument holds one. */
export function registerAccounts(program: Command, does: Does): void {
  const accounts = program.command("accounts").description("who may sign in (for the operator)");

  does(accounts.command("list").description("list accounts"), async ({ api, terminal }) => {
    const json = await api.call("GET", "/admin/v1/accounts");
    const rows = (json["accounts"] as readonly Json[]).map((account) => [
      account["username"],
      account["operator"] === true ? "operator" : "",
      relativeTime(account["created_at"], terminal.now()),
    ]);
    return { json, text: table(["USERNAME", "ROLE", "CREATED"], rows) };
  });

  const create = accounts
    .command("create <username>")
    .description("make an account and print its password")
    .option("--operator", "it may make accounts, too");
  does(create, async ({ api, args: [username], options }) => {
    const json = await api.call("POST", "/admin/v1/accounts", { username, operator: options["operator"] === true });
    return { json, text: `${cell(json["password"])}\n` };
  });

  const reset = accounts
    .command("reset-password <username>")
    .description("print a new password; all tokens of the account end");
  does(reset, async ({ api, args: [username] }) => {
    const json = await api.call("PUT", pathOf`/admin/v1/accounts/${username!}`, {});
    return { json, text: `${cell(json["password"])}\n` };
  });

  const remove = accounts.command("delete <username>").description("delete an account that owns nothing");
  does(remove, async ({ api, args: [username] }) => {
    const json = await api.call("DELETE", pathOf`/admin/v1/accounts/${username!}`);
    return { json, text: "Deleted.\n" };
  });
}
