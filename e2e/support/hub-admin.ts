/** The Local Hub's administration: faults, policies, and its registry as another service would use it. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { makeSharedAccessSignature, parseHubConnectionString } from "iot-hub-protocol";
import type { FirstRun } from "./isthmus-process.ts";

/** Where a fault strikes and what it does; see the table in the Local Hub's README. */
export interface Fault {
  readonly id?: string;
  readonly where: { readonly point: string; readonly operation?: string; readonly deviceId?: string };
  readonly effect: { readonly kind: string; readonly error?: string; readonly ms?: number };
  readonly times?: number;
  readonly probability?: number;
  readonly seed?: number;
}

interface HubAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export class HubAdmin {
  readonly #firstRun: FirstRun;
  readonly #agent: Agent;

  constructor(firstRun: FirstRun) {
    this.#firstRun = firstRun;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ca: readFileSync(firstRun.localHub.caFile) });
  }

  async addFault(fault: Fault): Promise<void> {
    await this.#mustAnswer(201, "POST", "/admin/faults", fault);
  }

  async clearFaults(): Promise<void> {
    await this.#mustAnswer(204, "DELETE", "/admin/faults");
  }

  /** Makes or changes a shared access policy; returns its primary key. */
  async putPolicy(name: string, change: object): Promise<string> {
    const { status, json } = await this.#ask("PUT", `/admin/policies/${name}`, change);
    if (status !== 200) throw new Error(`No policy ${name}: ${JSON.stringify(json)}`);
    return String(json["primaryKey"]);
  }

  /** The identity's document; `null` when there is none. */
  async identity(deviceId: string): Promise<Readonly<Record<string, unknown>> | null> {
    const { status, json } = await this.#ask("GET", `/devices/${deviceId}`);
    return status === 404 ? null : json;
  }

  async twin(deviceId: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.#ask("GET", `/twins/${deviceId}`)).json;
  }

  async createIdentity(deviceId: string): Promise<void> {
    await this.#mustAnswer(200, "PUT", `/devices/${deviceId}`, { deviceId });
  }

  async deleteIdentity(deviceId: string): Promise<void> {
    await this.#mustAnswer(204, "DELETE", `/devices/${deviceId}`, undefined, { "if-match": '"*"' });
  }

  async setStatus(deviceId: string, status: "enabled" | "disabled"): Promise<void> {
    const identity = { ...(await this.identity(deviceId)), status };
    await this.#mustAnswer(200, "PUT", `/devices/${deviceId}`, identity, { "if-match": '"*"' });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #mustAnswer(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const answer = await this.#ask(method, path, body, headers);
    if (answer.status !== status) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  }

  #ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HubAnswer> {
    const { connectionString, httpsPort } = this.#firstRun.localHub;
    const { hostName, sharedAccessKey: key, sharedAccessKeyName } = parseHubConnectionString(connectionString);
    const expiry = Math.floor(Date.now() / 1_000) + 3_600;
    const authorization = makeSharedAccessSignature({
      resource: hostName,
      key,
      policyName: sharedAccessKeyName,
      expiry,
    });
    const isAdmin = path.startsWith("/admin/");
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: "localhost",
          port: httpsPort,
          agent: this.#agent,
          method,
          path: isAdmin ? path : `${path}?api-version=2021-04-12`,
          headers: { authorization, "x-admin-key": key, "content-type": "application/json", ...headers },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            const json = text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text };
            resolve({ status: answer.statusCode ?? 0, json });
          });
        },
      );
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
