/**
 * Cloud-to-device messages: all devices' over one link of the policy's, each settled by the hub. The connection is that of
 * telemetry, with another address; it is opened for the first message and closed when none followed for a while.
 */
import { isDeviceId } from "iot-hub-protocol";
import rhea from "rhea";
import { fail, succeed } from "../../core/failure.ts";
import type { Failure, Outcome, Result } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { Log } from "../../core/log.ts";
import type { CloudToDeviceMessage } from "../../core/twin-hub.ts";
import { AttachPace } from "../attach-pace.ts";
import type { KeyRing } from "../key-ring.ts";
import { TelemetryConnection } from "../telemetry-connection.ts";
import { TELEMETRY_LIMITS } from "../telemetry.ts";

/** Body and properties; a hub's devices take no more. */
const LARGEST_MESSAGE = 65_536;
const ADDRESS = "/messages/devicebound";
/** The connection has no other link. */
const LINK = "devicebound";
const KEYS = 2;
const IDLE_MS = 120_000;

export interface DeviceMessagesOptions {
  readonly endpoint: () => HubEndpoint | undefined;
  readonly keys: KeyRing;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Milliseconds without a message after which the connection is closed. */
  readonly idleTime?: number;
}

export class DeviceMessages {
  readonly #options: DeviceMessagesOptions;
  readonly #pace = new AttachPace({ perSecond: Infinity, burst: 10 });
  readonly #sweep: NodeJS.Timeout;
  #connection: TelemetryConnection | undefined;
  #closed = false;

  constructor(options: DeviceMessagesOptions) {
    this.#options = options;
    const { now, idleTime = IDLE_MS } = options;
    this.#sweep = setInterval(() => {
      const connection = this.#connection;
      connection?.closeIdle(now() - idleTime);
      if (connection?.size !== 0) return;
      // What is sent from now on goes over another one.
      this.#connection = undefined;
      void connection.close();
    }, idleTime / 4).unref();
  }

  async send(deviceId: string, message: CloudToDeviceMessage): Promise<Result<null>> {
    if (!isDeviceId(deviceId)) return fail("device_id_refused", "This is no IoT Hub device id.");
    const size = sizeOf(message);
    if (size > LARGEST_MESSAGE)
      return fail("message_too_large", `The message has ${size} bytes with its properties; a device takes 64 KB.`);
    const outcome = await this.#send(encode(deviceId, message));
    if (outcome.kind === "delivered") return succeed(null);
    const { failure } = outcome;
    // These messages have a limit of their own, far below that of twins.
    return { ok: false, failure: failure.code === "throttled" ? { ...failure, code: "message_throttled" } : failure };
  }

  /** Another key is in use. */
  renewToken(): void {
    void this.#connection?.renewToken();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    this.#pace.close();
    await this.#connection?.close();
  }

  async #send(payload: Buffer): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const connection = this.#open();
      if (connection === undefined) return { kind: "failed", failure: NOWHERE };
      const outcome = await connection.send(LINK, payload);
      // Another key is no second attempt of the message's: it never had a chance with the first one.
      const refused = outcome.kind === "failed" && outcome.failure.code === "key_refused";
      if (!refused || !connection.hasOtherKey || tries === KEYS) return outcome;
    }
  }

  #open(): TelemetryConnection | undefined {
    const endpoint = this.#options.endpoint();
    if (this.#closed || endpoint === undefined) return undefined;
    if (this.#connection !== undefined) return this.#connection;
    const connection = new TelemetryConnection({
      ...this.#options,
      endpoint,
      limits: TELEMETRY_LIMITS,
      pace: this.#pace,
      addressOf: () => ADDRESS,
      occasion: "command",
      onTaken: () => undefined,
      onEnd: (ended) => {
        if (this.#connection === ended) this.#connection = undefined;
      },
    });
    this.#connection = connection;
    void connection.start();
    return connection;
  }
}

const NOWHERE: Failure = { code: "hub_unreachable", message: "The hub is not running, or has not said where." };

function sizeOf({ body, messageId, properties = {} }: CloudToDeviceMessage): number {
  const texts = [messageId, ...Object.entries(properties).flat()];
  return texts.reduce((size, text) => size + Buffer.byteLength(text), body.length);
}

function encode(deviceId: string, message: CloudToDeviceMessage): Buffer {
  const { messageId, body, expiresAt, contentType = "application/json", correlationId, ack, properties } = message;
  return rhea.message.encode({
    message_id: messageId,
    to: `/devices/${encodeURIComponent(deviceId)}/messages/devicebound`,
    content_type: contentType,
    content_encoding: "utf-8",
    absolute_expiry_time: new Date(expiresAt),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...((ack !== undefined || properties !== undefined) && {
      application_properties: { ...properties, ...(ack !== undefined && { "iothub-ack": ack }) },
    }),
    body: rhea.message.data_section(Buffer.from(body)),
  });
}
