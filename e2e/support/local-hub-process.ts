/** The Local Hub as its users run it: a process of its own with a folder, on ports that outlive a kill. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatorAddresses } from "iot-hub-emulator";
import { makeSharedAccessSignature, parseHubConnectionString } from "iot-hub-protocol";
import { builtFile } from "./isthmus-process.ts";
import { keptPort } from "./kept-port.ts";

export interface HubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface HubRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const FAR_FUTURE = 4_102_444_800;

export class LocalHubProcess {
  readonly folder: string = mkdtempSync(join(tmpdir(), "iot-hub-kill-"));
  readonly #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ports: Readonly<Record<string, string>> | undefined;
  #addresses: EmulatorAddresses | undefined;
  #agent = new Agent();

  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.#settings = settings;
  }

  get addresses(): EmulatorAddresses {
    if (this.#addresses === undefined) throw new Error("The Local Hub was not started.");
    return this.#addresses;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it is ready. A restart keeps the ports of the start before. */
  async start(): Promise<void> {
    this.#ports ??= {
      IOT_HUB_HTTPS_PORT: String(await keptPort()),
      IOT_HUB_AMQPS_PORT: String(await keptPort()),
      IOT_HUB_AMQP_PORT: String(await keptPort()),
      IOT_HUB_MQTTS_PORT: String(await keptPort()),
    };
    const child = fork(builtFile("packages/iot-hub-emulator/bin/iot-hub-emulator.js"), ["--data", this.folder], {
      env: {
        ...process.env,
        ...this.#ports,
        ...this.#settings,
      },
    });
    this.#child = child;
    const [message] = (await once(child, "message")) as [
      EmulatorAddresses & { readonly type: string; readonly message?: string },
    ];
    if (message.type !== "ready") throw new Error(`The Local Hub did not start: ${message.message}`);
    this.#addresses = message;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca: message.ca });
  }

  /** Ends it as the system would in an emergency. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#agent.destroy();
    await this.#end("SIGKILL");
  }

  async dispose(): Promise<void> {
    this.#agent.destroy();
    await this.#end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A token of a policy for the whole hub. */
  token(policyName = "iothubowner"): string {
    const { hostName, policies } = this.addresses;
    return makeSharedAccessSignature({
      resource: hostName,
      key: policies[policyName] ?? "",
      policyName,
      expiry: FAR_FUTURE,
    });
  }

  /** Asks the REST APIs of the hub, of its provisioning service and of its administration. Rejects when it is not there. */
  ask(method: string, path: string, { body, headers = {} }: HubRequest = {}): Promise<HubAnswer> {
    const { hostName, httpsPort, policies } = this.addresses;
    const isProvisioning = path.startsWith("/enrollment");
    const authorization = isProvisioning ? this.#provisioningToken() : this.token();
    const target = path.startsWith("/admin/") ? path : `${path}${path.includes("?") ? "&" : "?"}api-version=2021-04-12`;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: hostName,
          port: httpsPort,
          agent: this.#agent,
          method,
          path: target,
          headers: {
            authorization,
            "x-admin-key": policies["iothubowner"] ?? "",
            "content-type": "application/json",
            ...headers,
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
          answer.on("error", reject);
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #provisioningToken(): string {
    const { hostName, sharedAccessKeyName, sharedAccessKey } = parseHubConnectionString(
      this.addresses.provisioningConnectionString,
    );
    return makeSharedAccessSignature({
      resource: hostName,
      key: sharedAccessKey,
      policyName: sharedAccessKeyName,
      expiry: FAR_FUTURE,
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
