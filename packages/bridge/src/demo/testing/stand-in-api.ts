import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One event as the stand-in took it. */
export interface TakenEvent {
  readonly deviceId: string;
  readonly name: string;
  readonly data: string;
}

interface Answer {
  readonly status: number;
  readonly json?: unknown;
}

/** As much of the public API as the demo fleet uses, in memory, with the server's answers. */
export class StandInApi {
  readonly accessToken = "an-access-token";
  readonly events: TakenEvent[] = [];
  readonly integrations: Record<string, unknown>[] = [];
  readonly devices: Map<string, Record<string, unknown>> = new Map();
  /** Device tokens that are valid, by token. */
  readonly deviceTokens: Map<string, string> = new Map();
  products: number = 0;
  /** Answers every publish with 503 while set. */
  refusesEvents: boolean = false;
  refusals: number = 0;
  refusesIntegrations: boolean = false;
  url: string = "";
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, json }) => {
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(json === undefined ? "" : JSON.stringify(json));
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const chunks = await request.toArray();
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const path = new URL(request.url ?? "/", this.url);
    if (path.pathname === "/v1/devices/events") return this.#publish(token, body);
    if (token !== this.accessToken) return { status: 401, json: { error: "invalid_token" } };
    return this.#administer(`${request.method} ${path.pathname}`, path.searchParams, body);
  }

  #publish(token: string, { name, data }: Record<string, unknown>): Answer {
    const deviceId = this.deviceTokens.get(token);
    if (deviceId === undefined) return { status: 401, json: { error: "invalid_token" } };
    if (this.refusesEvents) {
      this.refusals += 1;
      return { status: 503, json: { ok: false, error: "The disk is full" } };
    }
    this.events.push({ deviceId, name: String(name), data: String(data) });
    return { status: 200, json: { ok: true } };
  }

  #administer(operation: string, query: URLSearchParams, body: Record<string, unknown>): Answer {
    const missing: Answer = { status: 404, json: { ok: false, error: "not found" } };
    if (operation === "POST /v1/products") {
      this.products += 1;
      return { status: 201, json: { product: { id: 1, slug: "demo" } } };
    }
    const match =
      /^(GET|POST|PUT) \/v1\/products\/demo(?:\/(integrations|devices)(?:\/([0-9a-f]{24})(\/token)?)?)?$/.exec(
        operation,
      );
    if (match === null || this.products === 0) return missing;
    const [, method, kind, id, tokenPart] = match;
    if (kind === undefined) return { status: 200, json: { product: { id: 1 } } };
    if (kind === "integrations") return this.#integrationsAnswer(method === "POST", body);
    if (id === undefined && method === "POST") {
      this.devices.set(String(body["id"]), { id: body["id"], name: null });
      return { status: 200, json: { updated: 1 } };
    }
    if (id === undefined) {
      const named = [...this.devices.values()].filter(({ name }) => name === query.get("deviceName"));
      return { status: 200, json: { devices: named } };
    }
    const device = this.devices.get(id);
    if (device === undefined) return missing;
    if (tokenPart !== undefined) {
      const token = `token-${this.deviceTokens.size}`;
      this.deviceTokens.set(token, id);
      return { status: 201, json: { token } };
    }
    return { status: 200, json: Object.assign(device, body) };
  }

  #integrationsAnswer(creates: boolean, body: Record<string, unknown>): Answer {
    if (!creates) return { status: 200, json: this.integrations };
    if (this.refusesIntegrations) return { status: 400, json: { ok: false, error: "There is no Local Hub" } };
    this.integrations.push(body);
    return { status: 201, json: { ok: true } };
  }
}
