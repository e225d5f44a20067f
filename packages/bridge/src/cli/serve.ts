/** `isthmus serve`: the server in the foreground, with the Local Hub and the demo fleet when asked for. */
import type { Command } from "commander";
import { pino } from "pino";
import { startBridge, type Bridge } from "../bridge.ts";
import { readConfig, type Config } from "../config.ts";
import { startDemoFleet, type DemoFleet } from "../demo/fleet.ts";
import { writeFirstRun, type FirstRun } from "../first-run.ts";
import { banner } from "./banner.ts";
import { colors as pc } from "./colors.ts";
import { monitorLine } from "./monitor-line.ts";

/** A stop that takes longer is cut off: what is on disk stays there. */
const STOP_LIMIT_MS = 9_000;

export function registerServe(program: Command): void {
  program
    .command("serve")
    .description("run the bridge (settings: environment and isthmus.yaml)")
    .action(() => serve(readConfig()));
}

async function serve(config: Config): Promise<void> {
  const log = pino({ level: config.demo ? quieter(config.logLevel) : config.logLevel }, pino.destination(2));
  const stopping = new AbortController();
  const stopped = onceStopped(stopping.signal);
  stopOnSignals(stopping);

  const bridge = await startBridge({
    config,
    log,
    onFatal(error) {
      log.fatal({ reason: error.message }, "store.failed");
      process.exit(1);
    },
  });
  const { firstRun, created } = await writeFirstRun({
    folder: config.dataFolder,
    url: bridge.url,
    mqttUrl: bridge.mqttUrl,
    mqttsUrl: bridge.mqttsUrl,
    store: bridge.store,
    rootSecret: config.para.rootSecret,
    localHub: bridge.localHub,
  });
  // Secrets are shown once; on a laptop with the demo they stay in sight.
  const showSecrets = created || config.demo;
  const signInPath = showSecrets ? await signInPathOf(bridge, firstRun.username) : null;
  const { dataFolder: folder, para } = config;
  print(banner({ firstRun, folder, hasConsole: bridge.hasConsole, showSecrets, para, signInPath }));
  const fleet = config.demo ? await startDemo(bridge, firstRun, config, stopping.signal) : null;

  await stopped;
  await fleet?.stopped;
  await bridge.stop();
  print(`${pc.bold("Stopped.")} Nothing is lost; ${pc.cyan("npm start")} goes on where this ended.\n`);
}

async function startDemo(
  bridge: Bridge,
  firstRun: FirstRun,
  { dataFolder }: Config,
  signal: AbortSignal,
): Promise<DemoFleet | null> {
  const onProblem = (message: string): void => print(`${pc.yellow("demo:")} ${message}\n`);
  try {
    const since = Date.now();
    const fleet = await startDemoFleet({
      url: bridge.url,
      accessToken: firstRun.accessToken,
      dataFolder,
      signal,
      onProblem,
    });
    print(publishHint(firstRun, fleet.devices[0]?.id ?? ""));
    const read = await bridge.hubViews.monitor("local", {
      since,
      signal,
      onEvent: (event) => print(monitorLine(event, { compact: true })),
      onFailure: ({ message }) => onProblem(`reading the hub: ${message}`),
    });
    if (!read.ok) onProblem(`cannot read the hub: ${read.failure.message}`);
    return fleet;
  } catch (error) {
    onProblem(error instanceof Error ? error.message : String(error));
    return null;
  }
}

// The terminal of a demo belongs to the messages; trouble still shows.
function quieter(level: Config["logLevel"]): Config["logLevel"] {
  return level === "info" ? "warn" : level;
}

function stopOnSignals(stopping: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) {
        if (signal === "SIGINT") process.exit(130);
        return;
      }
      print("\nStopping: letting what is under way end. Ctrl-C again ends at once.\n");
      stopping.abort();
      setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    });
  }
}

function onceStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Of the console, for one click; `null` when the account of the first start is gone. */
async function signInPathOf({ store, signInLinks, hasConsole }: Bridge, username: string): Promise<string | null> {
  const found = hasConsole ? await store.accountByUsername(username) : null;
  return found === null ? null : signInLinks.create(found.account.id).path;
}

function publishHint({ url, accessToken }: FirstRun, deviceId: string): string {
  return [
    "Publish an event of your own as the first demo device:",
    `  curl ${url}/v1/products/demo/events -H "Authorization: Bearer ${accessToken}" \\`,
    `    -d as_device_id=${deviceId} -d name=weather/hello -d data=42`,
    "",
    "What arrives in the hub, as read back from its Event Hubs-compatible endpoint:",
    "",
  ].join("\n");
}
