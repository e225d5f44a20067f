import type { Command } from "commander";
import type { Does } from "../command-runner.ts";
import { serverSettings } from "../server-settings.ts";

/** A link to click, for who has the server's terminal or a token. */
export function registerConsole(program: Command, does: Does): void {
  const command = program
    .command("console")
    .description("print a link that signs in to the web console; it is good once, for an hour");
  does(command, async ({ api, options, terminal }) => {
    const { url } = serverSettings(options, terminal.env);
    const link = await api.call("POST", "/admin/v1/sign-in-links");
    const address = `${url}${String(link["path"])}`;
    return {
      json: { url: address, expires_at: link["expires_at"] },
      text: `Open this within an hour; it signs in once:\n  ${address}\n`,
    };
  });
}
