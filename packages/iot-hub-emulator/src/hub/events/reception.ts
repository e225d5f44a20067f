/** The way in for device-to-cloud messages, whatever protocol brought them. */
import { messageSize } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import type { Faults, Strike } from "../faults/faults.ts";
import type { Limits } from "../limits/limits.ts";
import type { Devices } from "../registry/devices.ts";
import { refOf } from "../registry/identity.ts";
import type { DeviceIdentity } from "../registry/identity.ts";
import { MESSAGE_SOURCES } from "../routing/message-source.ts";
import type { Routing } from "../routing/routing.ts";
import type { EventStream } from "./event-stream.ts";
import { authMethod, requireAcceptable } from "./telemetry.ts";
import type { MessageAuthentication, MessageStamps, WriteEvents } from "./telemetry.ts";

export interface ReceptionOptions {
  readonly devices: Devices;
  /** The built-in stream. */
  readonly events: EventStream;
  readonly faults: Faults;
  readonly limits: Limits;
  readonly now: () => number;
  readonly routing: Routing;
  readonly write: WriteEvents;
}

export class Reception {
  readonly #parts: ReceptionOptions;

  constructor(parts: ReceptionOptions) {
    this.#parts = parts;
  }

  /**
   * Accepts device-to-cloud messages of one device, all of them or none; resolves when they are where the routes lead
   * them and, with a folder, written to its files. Throws `MessageTooLarge`, `ArgumentInvalid` or `ServiceUnavailable`.
   */
  async accept(
    identity: DeviceIdentity,
    messages: readonly DeviceMessage[],
    authentication: MessageAuthentication,
  ): Promise<void> {
    requireAcceptable(messages);
    if (this.#parts.limits.tier !== undefined)
      await this.#parts.limits.spend("telemetry", { messages: this.#blocks(messages) });
    const strike = this.#parts.faults.strike("telemetry", identity);
    if (strike !== undefined && (await this.#isLost(strike))) return;
    const { deviceId, generationId } = identity;
    const modelId = this.#parts.devices.get(identity)?.twin.modelId;
    const stamps: MessageStamps = {
      partitionKey: deviceId,
      ...refOf(identity),
      generationId,
      authMethod: authMethod(authentication),
      hubEnqueuedTime: this.#parts.now(),
      source: MESSAGE_SOURCES.DeviceMessages,
      ...(modelId ? { modelId } : {}),
    };
    if (this.#parts.routing.isDirect) await this.#parts.write(this.#parts.events, messages, stamps);
    else await this.#parts.routing.deliver("DeviceMessages", messages, stamps);
  }

  #blocks(messages: readonly DeviceMessage[]): number {
    return messages.reduce((sum, message) => sum + this.#parts.limits.blocks(messageSize(message)), 0);
  }

  async #isLost(strike: Strike): Promise<boolean> {
    if (strike.kind === "error") throw strike.error;
    if (strike.kind === "delay") await strike.over;
    return strike.kind === "lose";
  }
}
