/** What all connections share. */
import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import type { DeviceTraces } from "../../core/device-links.ts";
import type { Devices } from "../../core/directory.ts";
import type { Log } from "../../core/log.ts";
import type { Accept } from "../../core/accept.ts";
import type { DeviceRate } from "../../core/rate-limit.ts";
import type { StateControl } from "../../core/state-control.ts";
import type { DeviceConversation } from "./device-conversation.ts";
import type { MqttLimits } from "./limits.ts";
import type { Questions } from "./questions.ts";
import type { Sessions } from "./sessions.ts";
import type { DeviceStatus } from "./status-events.ts";
import type { Wills } from "./wills.ts";

export interface DoorContext {
  readonly accept: Accept;
  readonly devices: Pick<Devices, "device" | "deviceByToken" | "updateDevice">;
  readonly traces: DeviceTraces;
  /** `null`: states are not kept. */
  readonly states: Pick<StateControl, "report" | "desired"> | null;
  readonly rate: DeviceRate;
  readonly limits: MqttLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Sessions;
  readonly questions: Questions;
  /** Who is connected now, by device. */
  readonly connected: Map<string, DeviceConversation>;
  readonly wills: Wills;
  readonly tellStatus: (status: DeviceStatus, device: Device) => void;
}
