/**
 * The Local Hub as a child process: the one place that knows the emulator's package. A hub that dies is started again
 * on the same ports; one that lost its parent ends by itself.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { EmulatorAddresses } from "iot-hub-emulator";
import type { Log } from "./core/log.ts";

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 6_000;
const RESTART_AFTER_MS = 300;
/** A hub whose parent was killed needs a moment to give its ports back. */
const PORT_RETRY_MS = 10_000;

export interface LocalHubOptions {
  /** Where the hub keeps its state. */
  readonly folder: string;
  /** The whole environment of its process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** Why the Local Hub did not start, in its own words. */
class LocalHubError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type FromHub =
  | ({ readonly type: "ready" } & EmulatorAddresses)
  | { readonly type: "failed"; readonly code: string; readonly message: string };

export class LocalHub {
  readonly #options: LocalHubOptions;
  #addresses: EmulatorAddresses;
  #child: ChildProcess;
  #stopping = false;

  private constructor(options: LocalHubOptions, started: Started) {
    this.#options = options;
    this.#addresses = started.addresses;
    this.#child = started.child;
    this.#watch();
  }

  static async start(options: LocalHubOptions): Promise<LocalHub> {
    const end = Date.now() + PORT_RETRY_MS;
    for (;;) {
      try {
        return new LocalHub(options, await startChild(options, options.environment));
      } catch (error) {
        const taken = error instanceof LocalHubError && error.code === "port_in_use";
        if (!taken || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  /** Ports stay the same over restarts of the hub. */
  get addresses(): EmulatorAddresses {
    return this.#addresses;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (child.connected) child.send({ type: "stop" });
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
  }

  #watch(): void {
    this.#child.once("exit", (code, signal) => {
      if (this.#stopping) return;
      this.#options.log.error({ code, signal }, "local_hub.died");
      void this.#restart();
    });
  }

  async #restart(): Promise<void> {
    const { httpsPort, amqpsPort, mqttsPort, amqpPort } = this.#addresses;
    const environment = {
      ...this.#options.environment,
      IOT_HUB_HTTPS_PORT: String(httpsPort),
      IOT_HUB_AMQPS_PORT: String(amqpsPort),
      IOT_HUB_MQTTS_PORT: String(mqttsPort),
      IOT_HUB_AMQP_PORT: String(amqpPort),
    };
    while (!this.#stopping) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_AFTER_MS));
      if (this.#stopping) return;
      try {
        const { child, addresses } = await startChild(this.#options, environment);
        this.#child = child;
        this.#addresses = addresses;
        this.#options.log.info({ httpsPort: addresses.httpsPort }, "local_hub.restarted");
        if (this.#stopping) child.send({ type: "stop" });
        return this.#watch();
      } catch (error) {
        this.#options.log.error(
          { reason: error instanceof Error ? error.message : String(error) },
          "local_hub.not_restarted",
        );
      }
    }
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly addresses: EmulatorAddresses;
}

function startChild({ folder }: LocalHubOptions, environment: Readonly<Record<string, string>>): Promise<Started> {
  const command = fileURLToPath(new URL("../bin/iot-hub-emulator.js", import.meta.resolve("iot-hub-emulator")));
  const child = fork(command, [], {
    env: { ...environment, IOT_HUB_DATA: folder },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new LocalHubError("start_timeout", `The Local Hub did not start within ${START_LIMIT_MS / 1000} s.`));
    }, START_LIMIT_MS);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      act();
    };
    child.once("message", (message: FromHub) =>
      settle(() => {
        if (message.type === "ready") resolve({ child, addresses: message });
        else reject(new LocalHubError(message.code, message.message));
      }),
    );
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", (code) =>
      settle(() => reject(new LocalHubError("start_failed", `The Local Hub ended with code ${code} while starting.`))),
    );
  });
}
