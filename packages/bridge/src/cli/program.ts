/** The `isthmus` command: its options and what it can do. */
import { Command } from "commander";
import { commandRunner } from "./command-runner.ts";
import { registerAccounts } from "./commands/accounts.ts";
import { registerApiUsers } from "./commands/api-users.ts";
import { registerBackup } from "./commands/backup.ts";
import { registerConsole } from "./commands/console.ts";
import { registerDeliveries } from "./commands/deliveries.ts";
import { registerDeviceTwin } from "./commands/device-twin.ts";
import { registerDevices } from "./commands/devices.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerIntegrations } from "./commands/integrations.ts";
import { registerMonitorEvents } from "./commands/monitor-events.ts";
import { registerProducts } from "./commands/products.ts";
import { registerPublish } from "./commands/publish.ts";
import { registerSecrets } from "./commands/secrets.ts";
import { registerSources } from "./commands/sources.ts";
import { registerThings } from "./commands/things.ts";
import { registerSubscribe } from "./commands/subscribe.ts";
import type { Terminal } from "./terminal.ts";
import { ownVersion } from "../version.ts";

const AFTER_HELP = `
Address and token come from --url and --token, from ISTHMUS_URL and
ISTHMUS_TOKEN, or from first-run.json in $ISTHMUS_DATA (default ./data).
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`;

/** Words by which a command line needs the server's own code. The other commands start without it, in a third of the time. */
const NEEDS_SERVER = new Set(["serve", "demo", "migrate", "help", "--help", "-h"]);

/** For these arguments. `onFailed` is called when a command did its work and the result is bad news. */
export async function createProgram(
  args: readonly string[],
  terminal: Terminal,
  onFailed: () => void,
): Promise<Command> {
  const program = new Command("isthmus")
    .description("Device events in, Azure IoT Hub messages out")
    .version(ownVersion(), "-V, --version", "show the version")
    .option("--url <url>", "address of the server")
    .option("--token <token>", "access token")
    .option("--json", "answer as JSON")
    .addHelpText("after", AFTER_HELP)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined })
    .configureHelp({ showGlobalOptions: true });
  const does = commandRunner(terminal, onFailed);
  if (args.length === 0 || args.some((word) => NEEDS_SERVER.has(word))) {
    const [{ registerServe }, { registerDemo }, { registerMigrate }] = await Promise.all([
      import("./serve.ts"),
      import("./demo.ts"),
      import("./migrate.ts"),
    ]);
    registerServe(program);
    registerDemo(program, terminal);
    registerMigrate(program, terminal);
  }
  registerConsole(program, does);
  registerPublish(program, does);
  registerSubscribe(program, does);
  registerDevices(program, does);
  registerProducts(program, does);
  registerThings(program, does);
  registerIntegrations(program, does);
  registerSources(program, does);
  registerDeliveries(program, does);
  registerMonitorEvents(program, does);
  registerDeviceTwin(program, does);
  registerApiUsers(program, does);
  registerAccounts(program, does);
  registerDoctor(program, does);
  registerSecrets(program, does);
  registerBackup(program, does);
  return program;
}
