/** Questions to devices that wait for their answers: calls of functions and reads of variables. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type {
  CallResult,
  DeviceDescription,
  DeviceLink,
  DeviceLinks,
  DeviceTraces,
  ReadResult,
} from "../../core/device-links.ts";
import { isCallableName } from "./description.ts";
import type { DeviceConversation } from "./device-conversation.ts";
import type { MqttLimits } from "./limits.ts";
import type { Sent } from "./outgoing.ts";

export interface QuestionsOptions {
  readonly connected: ReadonlyMap<string, DeviceConversation>;
  readonly traces: DeviceTraces;
  readonly limits: Pick<MqttLimits, "maxQuestions" | "maxQuestionsInAll">;
  readonly clock: Clock;
  /** How long an answer is waited for, milliseconds. */
  readonly answerWithin: number;
}

type Answer = (payload: Buffer | null) => void;
type Unasked = Exclude<CallResult, { readonly kind: "answered" }>;

const NUMBER = /^-?\d{1,15}(?:\.\d{1,9})?$/;

export class Questions implements DeviceLinks {
  readonly #options: QuestionsOptions;
  /** Open questions of each device, by request. */
  readonly #open = new Map<string, Map<string, Answer>>();
  #count = 0;
  /** Request names differ between processes: an answer to an earlier one is nobody's. */
  readonly #run = randomBytes(4).toString("hex");
  #lastRequest = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  link(deviceId: string): DeviceLink | null {
    return this.#options.connected.get(deviceId)?.link ?? null;
  }

  async lastLink(deviceId: string): Promise<DeviceLink | null> {
    return this.link(deviceId) ?? this.#options.traces.lastDeviceLink(deviceId);
  }

  description(deviceId: string): Promise<DeviceDescription | null> {
    return this.#options.traces.deviceDescription(deviceId);
  }

  async call(deviceId: string, name: string, argument: string): Promise<CallResult> {
    const description = await this.description(deviceId);
    if (!isCallableName(name) || description?.functions.includes(name) === false) return this.#absent(deviceId);
    const answer = await this.#ask(deviceId, `functions/${name}`, Buffer.from(argument));
    if (!Buffer.isBuffer(answer)) return answer;
    const text = answer.toString("latin1").trim();
    return NUMBER.test(text) ? { kind: "answered", value: Number(text) } : { kind: "malformed" };
  }

  async read(deviceId: string, name: string): Promise<ReadResult> {
    const description = await this.description(deviceId);
    const isKnown = description === null || Object.hasOwn(description.variables, name);
    if (!isCallableName(name) || !isKnown) return this.#absent(deviceId);
    const answer = await this.#ask(deviceId, `variables/${name}`, Buffer.alloc(0));
    if (!Buffer.isBuffer(answer)) return answer;
    return variableValue(answer, description?.variables[name]);
  }

  async command(deviceId: string, topicRest: string, payload: Uint8Array): Promise<boolean> {
    const sent = this.#options.connected.get(deviceId)?.command(topicRest, { payload });
    if (sent?.kind !== "sent") return false;
    return this.#withinTime(sent.acknowledged);
  }

  /** An answer of the device itself. One that nobody waits for any more is dropped. */
  answered(deviceId: string, request: string, payload: Buffer): void {
    // The payload lies in what the socket read, which is larger.
    this.#open.get(deviceId)?.get(request)?.(Buffer.from(payload));
  }

  // A device that is away is told apart from one that does not know the name: only this one can be helped by its program.
  #absent(deviceId: string): Unasked {
    return { kind: this.link(deviceId) === null ? "not_connected" : "unknown" };
  }

  async #ask(deviceId: string, what: string, payload: Buffer): Promise<Buffer | Unasked> {
    const conversation = this.#options.connected.get(deviceId);
    if (conversation === undefined) return { kind: "not_connected" };
    const { maxQuestions, maxQuestionsInAll } = this.#options.limits;
    const ofDevice = this.#open.get(deviceId);
    if ((ofDevice?.size ?? 0) >= maxQuestions || this.#count >= maxQuestionsInAll) return { kind: "busy" };
    const request = `${this.#run}${(this.#lastRequest++).toString(36)}`;
    const answer = this.#waitFor(deviceId, request);
    const sent = conversation.command(`${what}/${request}`, {
      payload,
      responseTopic: `devices/${deviceId}/responses/${request}`,
      expirySeconds: Math.ceil(this.#options.answerWithin / 1000),
    });
    if (sent.kind !== "sent") {
      this.#open.get(deviceId)?.get(request)?.(null);
      return notSent(sent.kind);
    }
    return (await answer) ?? { kind: "not_answered" };
  }

  /** Resolves with `null` when time is up. */
  #waitFor(deviceId: string, request: string): Promise<Buffer | null> {
    const ofDevice = this.#open.get(deviceId) ?? new Map<string, Answer>();
    this.#open.set(deviceId, ofDevice);
    this.#count += 1;
    return new Promise((resolve) => {
      const end: Answer = (payload) => {
        callOff();
        ofDevice.delete(request);
        if (ofDevice.size === 0) this.#open.delete(deviceId);
        this.#count -= 1;
        resolve(payload);
      };
      const callOff = this.#options.clock.after(this.#options.answerWithin, () => end(null));
      ofDevice.set(request, end);
    });
  }

  #withinTime(acknowledged: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      const callOff = this.#options.clock.after(this.#options.answerWithin, () => resolve(false));
      void acknowledged.then((isTaken) => {
        callOff();
        resolve(isTaken);
      });
    });
  }
}

function notSent(kind: Exclude<Sent["kind"], "sent">): Unasked {
  switch (kind) {
    case "not_subscribed":
      return { kind: "unknown" };
    case "busy":
      return { kind: "busy" };
    case "too_large":
      return { kind: "not_answered" };
  }
}

/** Text stays text where the device says that it is; anything else is read as JSON when it can be. */
function variableValue(payload: Buffer, type: string | undefined): ReadResult {
  const text = payload.toString("utf8");
  if (type === "string") return { kind: "answered", value: text };
  try {
    return { kind: "answered", value: JSON.parse(text) as unknown };
  } catch {
    return type === undefined ? { kind: "answered", value: text } : { kind: "malformed" };
  }
}
