/** `isthmus demo`: the fleet of virtual devices against a server that runs already, here or elsewhere. */
import type { Command } from "commander";
import { startDemoFleet } from "../demo/fleet.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Options } from "./command-runner.ts";
import { serverSettings } from "./server-settings.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export function registerDemo(program: Command, terminal: Terminal): void {
  const command = program
    .command("demo")
    .description("let five virtual devices replay real weather, through the public API, until Ctrl-C")
    .action(() => demo(command.optsWithGlobals<Options>(), terminal));
}

async function demo(options: Options, { env, out, err, signal }: Terminal): Promise<void> {
  const { url, token } = serverSettings(options, env);
  const fleet = await startDemoFleet({
    url,
    accessToken: token,
    dataFolder: env["ISTHMUS_DATA"] || "./data",
    signal,
    onProblem: (message) => err(`${message}\n`),
  }).catch((error: unknown) => {
    throw new CommandFailure("demo_not_started", error instanceof Error ? error.message : String(error));
  });
  if (options.json === true) out(`${JSON.stringify({ url, devices: fleet.devices })}\n`);
  else {
    out(`The demo fleet publishes to ${url}. Ctrl-C ends it; the next start goes on with the same devices.\n`);
    out(
      table(
        ["DEVICE", "ID"],
        fleet.devices.map(({ name, id }) => [name, id]),
      ),
    );
  }
  await fleet.stopped;
}
