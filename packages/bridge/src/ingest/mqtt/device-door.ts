/** Devices' way in by MQTT 3.1.1 and 5: takes connected sockets, whatever lies below, and speaks with the devices on them. */
import { addressKey } from "../../core/address-key.ts";
import type { Duplex } from "node:stream";
import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import type { DeviceLinks, DeviceTraces } from "../../core/device-links.ts";
import type { Devices } from "../../core/directory.ts";
import type { Log } from "../../core/log.ts";
import type { Accept } from "../../core/accept.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import type { DeviceRate } from "../../core/rate-limit.ts";
import type { StateControl } from "../../core/state-control.ts";
import { Connection } from "./connection.ts";
import type { DoorContext } from "./context.ts";
import type { DeviceConversation } from "./device-conversation.ts";
import { createGreet } from "./greeting.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { MqttLimits } from "./limits.ts";
import { createDecoder } from "./packets.ts";
import { Questions } from "./questions.ts";
import { Sessions } from "./sessions.ts";
import { createStatusEvents } from "./status-events.ts";
import { Wills } from "./wills.ts";

/** How often deadlines are looked at, milliseconds. */
const TICK = 1_000;
const DEFAULT_ANSWER_WITHIN = 30_000;

export interface DeviceDoorOptions {
  readonly accept: Accept;
  readonly devices: Pick<Devices, "device" | "deviceByToken" | "updateDevice">;
  readonly traces: DeviceTraces;
  /** Absent: states are not kept, and their topics refused. */
  readonly states?: Pick<StateControl, "report" | "desired" | "onDesired">;
  readonly rate: DeviceRate;
  readonly log: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<MqttLimits>;
  /** How long the answer to a call is waited for, milliseconds. */
  readonly answerWithin?: number;
}

export interface DeviceDoor {
  /** Whether one more connection of this address is let in; takes it off the address's allowance. */
  admits(address: string): boolean;
  /** Hands over a connected stream. */
  accept(socket: Duplex, address: string): void;
  readonly links: DeviceLinks;
  readonly connections: number;
  readonly limits: MqttLimits;
  /** Something about the device changed: if it may not be connected any more, it is not. */
  deviceChanged(deviceId: string): void;
  /** Looks at deadlines now; otherwise this happens every second. */
  tick(): void;
  /** Lets what was received be answered, and ends all connections. */
  close(): Promise<void>;
}

export function createDeviceDoor(options: DeviceDoorOptions): DeviceDoor {
  const {
    accept,
    devices,
    traces,
    states = null,
    rate,
    log,
    clock = systemClock,
    answerWithin = DEFAULT_ANSWER_WITHIN,
  } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const connections = new Set<Connection>();
  const connected = new Map<string, DeviceConversation>();
  const questions = new Questions({ connected, traces, limits, clock, answerWithin });
  const connects = new RateLimit({ rate: limits.connects, elapsed: () => clock.elapsed() });
  const sessions = new Sessions(limits);
  const wills = new Wills({ accept, rate, clock, log });
  let isClosing = false;
  let whenEmpty: (() => void) | undefined;
  const context: DoorContext = {
    accept,
    devices,
    traces,
    states,
    rate,
    limits,
    clock,
    log,
    sessions,
    questions,
    connected,
    wills,
    tellStatus: createStatusEvents({ accept, log }),
  };
  states?.onDesired((view) => connected.get(view.deviceId)?.desiredChanged(view));
  const decode = createDecoder();
  const greet = createGreet(context);

  const tick = (): void => {
    for (const connection of connections) connection.tick();
    sessions.removeExpired(clock.elapsed());
  };
  const timer = setInterval(tick, TICK).unref();

  function onClosed(connection: Connection): void {
    connections.delete(connection);
    if (connections.size === 0) whenEmpty?.();
  }

  return {
    admits: (address) =>
      !isClosing && connections.size < limits.maxConnections && connects.take(addressKey(address)) === 0,
    accept(socket, address) {
      if (isClosing) socket.destroy();
      else connections.add(new Connection({ socket, address, context, decode, greet, onClosed }));
    },
    links: questions,
    get connections() {
      return connections.size;
    },
    limits,
    deviceChanged(deviceId) {
      void connected
        .get(deviceId)
        ?.lookAgain()
        .catch((error: unknown) => {
          log.error({ deviceId, reason: String(error) }, "mqtt.look_again_failed");
        });
    },
    tick,
    async close() {
      isClosing = true;
      for (const connection of connections) connection.dismiss({ code: "shutting_down", message: "The server stops." });
      const callOff = clock.after(limits.timeToDrain, () => {
        for (const connection of connections) connection.destroy();
      });
      if (connections.size > 0) await new Promise<void>((resolve) => (whenEmpty = resolve));
      callOff();
      wills.stop();
      clearInterval(timer);
    },
  };
}
