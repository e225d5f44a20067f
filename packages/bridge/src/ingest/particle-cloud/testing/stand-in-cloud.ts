/**
 * A stand-in for Particle's cloud on loopback: streams with its timing, lists of devices, webhooks with its headers and
 * retries, and faults on request. Knows the formats from documents and captures, and nothing of this server's code.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StandInDevice {
  readonly id: string;
  readonly name: string | null;
  readonly quarantined?: boolean;
  readonly denied?: boolean;
}

export interface StandInEvent {
  readonly name: string;
  readonly data: string | null;
  readonly coreid: string;
  readonly publishedAt?: string;
  /** Product firmware version; a product's stream and webhook tell it. */
  readonly version?: number;
}

/** A webhook as its owner has set it up. */
export interface StandInWebhook {
  readonly url: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Fields of one's own make the body JSON. */
  readonly json?: Readonly<Record<string, string>>;
}

export interface StandInOptions {
  readonly token?: string;
  /** The product, by any name. */
  readonly product?: string;
  readonly keepAliveMs?: number;
  /** Waits before the second and the third try of a webhook. */
  readonly retryAfterMs?: readonly [number, number];
  readonly devicesPerPage?: number;
}

interface Stream {
  readonly response: ServerResponse;
  readonly prefix: string;
  readonly device: string | null;
  readonly ofProduct: boolean;
  readonly keepAlive: NodeJS.Timeout;
}

const AGENT = "ParticleBot/1.1 (https://docs.particle.io/webhooks)";

export class StandInCloud {
  token: string;
  devices: StandInDevice[] = [];
  webhooks: StandInWebhook[] = [];
  /** Set: every new stream is answered so. */
  refusal: { readonly status: number; readonly retryAfter?: string } | null = null;
  /** Set: streams open and say nothing, not even `:ok`. */
  isSilent = false;
  /** Requests for streams so far: paths with their times in milliseconds. */
  readonly opens: { readonly path: string; readonly at: number }[] = [];
  /** Other requests so far. */
  readonly requests: string[] = [];
  /** Statuses that webhooks were answered with. */
  readonly webhookAnswers: number[] = [];
  readonly #options: Required<StandInOptions>;
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  readonly #calls = new Set<Promise<void>>();
  #eventNumber = 0;

  constructor(options: StandInOptions = {}) {
    this.#options = {
      token: "c0ffee".repeat(6),
      product: "fleet-12",
      keepAliveMs: 9_000,
      retryAfterMs: [30_000, 60_000],
      devicesPerPage: 100,
      ...options,
    };
    this.token = this.#options.token;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** The base URL. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await Promise.allSettled(this.#calls);
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** An event happens: it goes into the streams and to the webhooks. */
  publish(event: StandInEvent): void {
    const told = { ...event, publishedAt: event.publishedAt ?? new Date().toISOString() };
    this.#eventNumber += 1;
    for (const stream of this.#streams) this.#tell(stream, told);
    for (const webhook of this.webhooks) {
      if (!event.name.startsWith(webhook.event)) continue;
      const call = this.#callWebhook(webhook, told, `event-${this.#eventNumber}`);
      this.#calls.add(call);
      void call.finally(() => this.#calls.delete(call));
    }
  }

  /** Every webhook that was called has had its answer, or all its tries. */
  async webhooksDone(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }

  /** Bytes that no stream should hold. */
  write(bytes: string | Buffer): void {
    for (const { response } of this.#streams) response.write(bytes);
  }

  /** Streams end, after these bytes: in the midst of a line, perhaps. */
  cut(last = ""): void {
    for (const stream of this.#streams) {
      clearInterval(stream.keepAlive);
      if (last !== "") stream.response.write(last);
      stream.response.end();
    }
    this.#streams.clear();
  }

  /** Connections die without a word. */
  reset(): void {
    for (const { response, keepAlive } of this.#streams) {
      clearInterval(keepAlive);
      response.socket?.resetAndDestroy();
    }
    this.#streams.clear();
  }

  /** Streams stay open and nothing comes any more. */
  fallSilent(): void {
    for (const { keepAlive } of this.#streams) clearInterval(keepAlive);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://cloud");
    const parts = pathname.split("/").filter((part) => part !== "");
    const events = parts.indexOf("events");
    if (events > 0) return this.#openStream(request, response, parts, events);
    this.requests.push(request.url ?? "");
    if (!this.#isAllowed(request)) return sendJson(response, 401, INVALID_TOKEN);
    const product = parts[1] === "products" ? parts[2] : null;
    if (product !== null && product !== this.#options.product) return sendJson(response, 404, { ok: false });
    const id = parts[product === null ? 2 : 4];
    if (id !== undefined) {
      const device = this.devices.find((one) => one.id === id);
      return device === undefined ? sendJson(response, 404, { ok: false }) : sendJson(response, 200, json(device));
    }
    if (product === null) return sendJson(response, 200, this.devices.map(json));
    const wantsQuarantined = searchParams.get("quarantined") === "true";
    const found = this.devices.filter(({ quarantined = false }) => quarantined === wantsQuarantined);
    const perPage = Math.min(Number(searchParams.get("per_page") ?? 25), this.#options.devicesPerPage);
    const start = (Number(searchParams.get("page") ?? 1) - 1) * perPage;
    const devices = found.slice(start, start + perPage).map(json);
    const meta = { total_pages: Math.ceil(found.length / perPage) };
    sendJson(response, 200, { devices, customers: [], meta });
  }

  #openStream(request: IncomingMessage, response: ServerResponse, parts: readonly string[], events: number): void {
    this.opens.push({ path: request.url ?? "", at: performance.now() });
    if (this.refusal !== null) {
      const { status, retryAfter } = this.refusal;
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      return sendJson(response, status, { error: "refused", error_description: `Refused with ${status}.` });
    }
    if (!this.#isAllowed(request)) return sendJson(response, 401, INVALID_TOKEN);
    const ofProduct = parts[1] === "products";
    if (ofProduct && parts[2] !== this.#options.product) return sendJson(response, 404, { ok: false });
    const device = parts[events - 2] === "devices" ? (parts[events - 1] ?? null) : null;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    if (!this.isSilent) response.write(":ok\n\n");
    const keepAlive = setInterval(() => {
      if (!this.isSilent) response.write("\n");
    }, this.#options.keepAliveMs);
    const prefix = decodeURIComponent(parts.slice(events + 1).join("/"));
    const stream = { response, prefix, device, ofProduct, keepAlive };
    this.#streams.add(stream);
    response.on("close", () => {
      clearInterval(keepAlive);
      this.#streams.delete(stream);
    });
  }

  #tell({ response, prefix, device, ofProduct }: Stream, event: StandInEvent): void {
    const { name, data, coreid, publishedAt, version = 1 } = event;
    if (!name.startsWith(prefix) || (device !== null && device !== coreid)) return;
    const told = { data, ttl: 60, published_at: publishedAt, coreid };
    const more = ofProduct ? { userid: "", version, public: false, productID: 12 } : {};
    response.write(`event: ${name}\ndata: ${JSON.stringify({ ...told, ...more })}\n\n`);
  }

  async #callWebhook({ url, headers, json: own }: StandInWebhook, event: StandInEvent, eventId: string): Promise<void> {
    const { name, data, coreid, publishedAt = "", version = 1 } = event;
    const defaults = { event: name, data: data ?? "", published_at: publishedAt, coreid };
    const variables: Record<string, string> = {
      PARTICLE_EVENT_ID: eventId,
      PRODUCT_ID: "12",
      PRODUCT_VERSION: String(version),
    };
    const filled = Object.entries(own ?? {}).map(([field, text]) => [
      field,
      text.replaceAll(/\{\{\{?(\w+)\}?\}\}/g, (_whole, variable: string) => variables[variable] ?? ""),
    ]);
    const body =
      own === undefined
        ? new URLSearchParams(defaults).toString()
        : JSON.stringify({ ...defaults, ...Object.fromEntries(filled) });
    const contentType = own === undefined ? "application/x-www-form-urlencoded" : "application/json";
    const request = { method: "POST", headers: { "user-agent": AGENT, "content-type": contentType, ...headers }, body };
    for (const wait of [0, ...this.#options.retryAfterMs]) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const status = await fetch(url, { ...request, signal: AbortSignal.timeout(20_000) }).then(
        (answer) => answer.status,
        () => 0,
      );
      this.webhookAnswers.push(status);
      if (status >= 200 && status < 300) return;
    }
  }

  #isAllowed({ headers }: IncomingMessage): boolean {
    return headers.authorization === `Bearer ${this.token}`;
  }
}

const INVALID_TOKEN = { error: "invalid_token", error_description: "The access token provided is invalid." };

function json({ id, name, quarantined = false, denied = false }: StandInDevice): object {
  return { id, name, owner: null, product_id: 12, online: true, quarantined, denied, groups: [] };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
