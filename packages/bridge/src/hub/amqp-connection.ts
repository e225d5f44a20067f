/**
 * One AMQP 1.0 connection over TLS. The library's own reconnect stays off: after it nobody would know which messages were
 * unsettled. A connection therefore has one life, and ends exactly once, with a failure that says why.
 */
import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { TLSSocket } from "node:tls";
import rhea from "rhea";
import type { Connection, EventContext } from "rhea";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import type { HubEndpoint } from "../core/hub-client.ts";
import { addressGuard } from "../network/address-guard.ts";
import { classifyRefusal, splitWords } from "./error-classification.ts";
import type { Refusal } from "./error-classification.ts";
import { networkFailure } from "./network-failure.ts";

const CONNECT_TIMEOUT = 10_000;
// The library waits twice this long for a sign of life, then one second more: a half-open connection ends within 25 s.
const IDLE_TIMEOUT = 12_000;
const CLOSE_TIMEOUT = 2_000;

export interface AmqpConnectionOptions {
  readonly endpoint: HubEndpoint;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** SASL PLAIN; without it the connection starts bare and a put-token follows. */
  readonly sasl?: { readonly username: string; readonly password: string };
  readonly connectTimeout?: number;
  /** Milliseconds between signs of life that the peer is asked for. */
  readonly idleTimeout?: number;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal;
  /** Called once when an opened connection has ended, whoever ended it. */
  readonly onEnd: (failure: Failure) => void;
}

/** Opens a connection and waits for the hub's open frame. */
export async function openAmqpConnection(options: AmqpConnectionOptions): Promise<Result<AmqpConnection>> {
  const { hostName, allowPrivate } = options.endpoint;
  if (!addressGuard({ allowPrivate }).admitsLiteral(hostName))
    return fail("hub_address_refused", `${hostName} is no public address.`);
  const connection = new AmqpConnection(options);
  const abort = (): void => connection.end(CLOSED);
  if (options.signal?.aborted === true) abort();
  options.signal?.addEventListener("abort", abort);
  const failure = await connection.opened;
  options.signal?.removeEventListener("abort", abort);
  return failure === null ? succeed(connection) : { ok: false, failure };
}

export class AmqpConnection {
  readonly rhea: Connection;
  /** `null` once the hub has opened its side, else why it did not. */
  readonly opened: Promise<Failure | null>;
  readonly #options: AmqpConnectionOptions;
  readonly #timer: NodeJS.Timeout;
  #settleOpened: ((failure: Failure | null) => void) | undefined;
  #socket: TLSSocket | undefined;
  #corked = false;
  #ended: Failure | undefined;
  #whenEnded: (() => void) | undefined;

  constructor(options: AmqpConnectionOptions) {
    this.#options = options;
    this.opened = new Promise((resolve) => (this.#settleOpened = resolve));
    const { hostName, amqpsPort } = options.endpoint;
    this.#timer = setTimeout(() => {
      this.end({ code: "hub_unreachable", message: `The hub did not answer the connect in time (${hostName}).` });
    }, options.connectTimeout ?? CONNECT_TIMEOUT);
    const settings = {
      transport: "tls" as const,
      host: hostName,
      hostname: hostName,
      port: amqpsPort,
      container_id: `isthmus-${randomUUID()}`,
      reconnect: false,
      idle_time_out: options.idleTimeout ?? IDLE_TIMEOUT,
      max_frame_size: 65_536,
      connection_details: () => ({ host: hostName, port: amqpsPort, connect: this.#connect }),
      ...options.sasl,
    };
    this.rhea = rhea.create_container().create_connection(settings);
    this.#listen();
    this.rhea.connect();
  }

  /** Holds back small writes until the end of this turn of the event loop, so that they leave as one. */
  cork(): void {
    if (this.#corked || this.#socket === undefined) return;
    this.#corked = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#socket?.uncork();
    });
  }

  /** Ends at once, without the closing handshake. */
  end(failure: Failure): void {
    if (this.#ended !== undefined) return;
    this.#ended = failure;
    clearTimeout(this.#timer);
    // With an error, because only then the library learns of it and stops its timers.
    this.#socket?.destroy(new Error("The bridge ended the connection."));
    if (this.#settleOpened === undefined) this.#options.onEnd(failure);
    this.#settleOpened?.(failure);
    this.#settleOpened = undefined;
    this.#whenEnded?.();
  }

  /** Closes with the handshake, waiting for the hub's answer a moment only. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const ended = new Promise<void>((resolve) => (this.#whenEnded = resolve));
    const patience = setTimeout(() => this.end(CLOSED), CLOSE_TIMEOUT);
    this.rhea.close();
    await ended;
    clearTimeout(patience);
  }

  // The signature that the library calls its `connect` with.
  readonly #connect = (port: number, host: string, _options: unknown, onConnected: () => void): TLSSocket => {
    const { ca, allowPrivate } = this.#options.endpoint;
    const socket = tlsConnect(
      {
        host,
        port,
        servername: isIP(host) === 0 ? host : "",
        lookup: addressGuard({ allowPrivate }).lookup,
        ...(ca === undefined ? {} : { ca }),
      },
      onConnected,
    );
    socket.setNoDelay(true);
    socket.on("error", (error) => this.end(networkFailure(error, host)));
    socket.on("close", () => this.end(lost(host)));
    this.#socket = socket;
    return socket;
  };

  #listen(): void {
    const { hostName } = this.#options.endpoint;
    this.rhea.on("connection_open", () => {
      clearTimeout(this.#timer);
      this.#settleOpened?.(null);
      this.#settleOpened = undefined;
    });
    const refused = (context: EventContext): void => this.end(this.#classify(errorOf(context)));
    this.rhea.on("connection_error", refused);
    this.rhea.on("connection_close", () => this.end(CLOSED));
    this.rhea.on("session_error", (context) => this.end(this.#classify(context.session?.error)));
    this.rhea.on("session_close", () => this.end(lost(hostName)));
    this.rhea.on("disconnected", ({ error }) => this.end(error ? networkFailure(error, hostName) : lost(hostName)));
    for (const event of ["protocol_error", "error"])
      this.rhea.on(event, () => {
        this.end({ code: "hub_error", message: `${hostName} does not speak AMQP 1.0 as expected.` });
      });
    // A link's own listener is asked first; these keep a late error of a forgotten link from being thrown.
    for (const event of ["sender_error", "receiver_error", "sender_close", "receiver_close"])
      this.rhea.on(event, () => undefined);
  }

  #classify(error: unknown): Failure {
    return classifyRefusal(readAmqpRefusal(error), "connection", this.#options.now());
  }
}

const CLOSED: Failure = { code: "hub_unreachable", message: "The hub closed the connection." };

function lost(hostName: string): Failure {
  return { code: "hub_unreachable", message: `The connection to ${hostName} was lost.` };
}

function errorOf({ error, connection }: EventContext): unknown {
  return error ?? connection.error;
}

/** Condition and description of an AMQP error, however the library hands it over. */
export function readAmqpRefusal(error: unknown): Refusal {
  if (typeof error !== "object" || error === null) return { text: "" };
  const { condition, description } = error as { readonly condition?: unknown; readonly description?: unknown };
  return {
    ...splitWords(typeof description === "string" ? description : ""),
    ...(typeof condition === "string" ? { condition } : {}),
  };
}
