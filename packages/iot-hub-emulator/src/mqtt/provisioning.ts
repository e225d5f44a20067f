/**
 * Devices that register at the provisioning service over MQTT. Their user name is `{idScope}/registrations/{id}/api-version=…`;
 * they ask by publishing and are answered on `$dps/registrations/res/…`.
 */
import { unauthorized } from "../hub/access/authentication.ts";
import { ProvisioningError, asProvisioningError, errorDocument } from "../provisioning/errors.ts";
import { registrationKey } from "../provisioning/ids.ts";
import type { DeviceAnswer, Provisioning } from "../provisioning/provisioning.ts";
import type { Caller } from "../provisioning/sign-in.ts";
import { Answers } from "./answers.ts";
import type { Conversation, ConversationPacket, Greet, Wire } from "./conversation.ts";
import type { MqttLimits } from "./limits.ts";
import { MqttError } from "./packets.ts";
import type { ConnectPacket, PublishPacket, SubscribePacket, UnsubscribePacket } from "./packets.ts";
import { SUBSCRIPTION_FAILURE } from "./return-codes.ts";

const USER_NAME = /^([^/]+)\/registrations\/([^/]+)\/\??(.*)$/s;
const RESPONSES = "$dps/registrations/res/#";

/** Greets devices that come to register, and leaves all others to `otherwise`. */
export function createProvisioningGreeting(provisioning: Provisioning, limits: MqttLimits, otherwise: Greet): Greet {
  return (connect, wire) => {
    const match = USER_NAME.exec(connect.username ?? "");
    // `{hub}/{device}/{module}/…` of a device that is called registrations looks the same.
    if (match === null || provisioning.hub.isCalled(match[1] ?? "")) return otherwise(connect, wire);
    const [, idScope = "", registrationId = "", parameters] = match;
    if (!new URLSearchParams(parameters).get("api-version")) throw unauthorized("The user name needs an api-version.");
    const caller = callerOf(connect, wire, idScope, registrationId);
    requireSignedIn(provisioning, caller);
    return { conversation: new RegistrationConversation(provisioning, caller, wire, limits), sessionPresent: false };
  };
}

function callerOf(
  { clientId, password }: ConnectPacket,
  { certificates }: Wire,
  idScope: string,
  registrationId: string,
): Caller {
  if (registrationKey(clientId) !== registrationKey(registrationId)) {
    throw unauthorized(`The client id must be ${registrationId}, as in the user name.`);
  }
  const hasToken = password !== undefined && password.length > 0;
  return { idScope, registrationId, certificates, ...(hasToken ? { token: password.toString("utf8") } : {}) };
}

// A CONNACK knows only one word for all of it.
function requireSignedIn(provisioning: Provisioning, caller: Caller): void {
  try {
    provisioning.signIn(caller);
  } catch (error) {
    const refusal = asProvisioningError(error);
    throw refusal === undefined ? error : unauthorized(refusal.message);
  }
}

interface Request {
  /** As it was sent: it goes back in a topic and means nothing to the service. */
  readonly requestId: string;
  readonly parameters: URLSearchParams;
  readonly payload: Buffer;
}

type Operate = (provisioning: Provisioning, caller: Caller, request: Request) => DeviceAnswer | Promise<DeviceAnswer>;

/** By the topic up to its parameters, in lower case. */
const OPERATIONS: ReadonlyMap<string, Operate> = new Map<string, Operate>([
  [
    "$dps/registrations/put/iotdps-register",
    (provisioning, caller, { payload }) => provisioning.register(caller, documentOf(payload)),
  ],
  [
    "$dps/registrations/get/iotdps-get-operationstatus",
    (provisioning, caller, { parameters }) => provisioning.operation(caller, parameters.get("operationId") ?? ""),
  ],
]);

class RegistrationConversation implements Conversation {
  readonly #provisioning: Provisioning;
  readonly #caller: Caller;
  readonly #wire: Wire;
  readonly #answers: Answers;
  #isSubscribed = false;

  constructor(provisioning: Provisioning, caller: Caller, wire: Wire, { maxInbound }: MqttLimits) {
    this.#provisioning = provisioning;
    this.#caller = caller;
    this.#wire = wire;
    this.#answers = new Answers(wire, maxInbound);
  }

  opened(): void {}

  receive(packet: ConversationPacket): void {
    switch (packet.cmd) {
      case "publish":
        return this.#publish(packet);
      case "subscribe":
        return this.#subscribe(packet);
      case "unsubscribe":
        return this.#unsubscribe(packet);
      case "puback":
    }
  }

  writable(): void {}

  tick(): void {}

  closed(): void {}

  #publish({ topic, payload, qos, messageId = 0 }: PublishPacket): void {
    if (qos === 2) throw new MqttError("The provisioning service knows no QoS 2.");
    const [path = "", query = ""] = topic.split("?", 2);
    const operate = OPERATIONS.get(path.toLowerCase().replace(/\/$/, ""));
    if (operate === undefined) throw new MqttError(`A device that registers may not publish to ${topic}.`);
    const requestId = /(?:^|&)\$rid=([^&]*)/.exec(query)?.[1] ?? "";
    const work = this.#answer(operate, { requestId, parameters: new URLSearchParams(query), payload });
    this.#answers.after(work, qos === 1 ? { cmd: "puback", messageId } : undefined);
  }

  async #answer(operate: Operate, request: Request): Promise<void> {
    const { status, document, retryAfterSeconds } = await this.#outcome(operate, request);
    if (!this.#isSubscribed) return;
    const retry = retryAfterSeconds === undefined ? "" : `&retry-after=${retryAfterSeconds}`;
    this.#wire.send({
      cmd: "publish",
      topic: `$dps/registrations/res/${status}/?$rid=${request.requestId}${retry}`,
      payload: JSON.stringify(document),
      qos: 0,
      dup: false,
      retain: false,
    });
  }

  async #outcome(
    operate: Operate,
    request: Request,
  ): Promise<Omit<DeviceAnswer, "status"> & { readonly status: number }> {
    try {
      return await operate(this.#provisioning, this.#caller, request);
    } catch (error) {
      const refusal = asProvisioningError(error);
      if (refusal === undefined) throw error;
      return { status: refusal.status, document: errorDocument(refusal, this.#provisioning.hub.now()) };
    }
  }

  #subscribe({ messageId = 0, subscriptions }: SubscribePacket): void {
    const granted = subscriptions.map(({ topic, qos }) => {
      if (topic !== RESPONSES) return SUBSCRIPTION_FAILURE;
      this.#isSubscribed = true;
      return qos === 0 ? 0 : 1;
    });
    this.#answers.after(undefined, { cmd: "suback", messageId, granted });
  }

  #unsubscribe({ messageId = 0, unsubscriptions }: UnsubscribePacket): void {
    if (unsubscriptions.includes(RESPONSES)) this.#isSubscribed = false;
    this.#answers.after(undefined, { cmd: "unsuback", messageId, granted: [] });
  }
}

function documentOf(payload: Buffer): unknown {
  const text = payload.toString("utf8").trim();
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ProvisioningError("BadRequest", "The payload is not JSON.", { cause });
  }
}
