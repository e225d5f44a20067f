import type { Command } from "commander";
import type { Does } from "../command-runner.ts";

export function registerSecrets(program: Command, does: Does): void {
  const rotate = program
    .command("secrets")
    .description("the key that seals the server's secrets")
    .command("rotate")
    .description("make a new key and seal everything anew");
  does(rotate, async ({ api }) => {
    const json = await api.call("POST", "/admin/v1/secrets/rotate");
    return { json, text: `A new key is in use; ${String(json["resealed"])} records were sealed anew.\n` };
  });
}
