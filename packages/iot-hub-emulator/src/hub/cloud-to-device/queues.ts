/** The queues of a hub: messages for devices, and what services hear of them and of uploaded files. */
import type { HubClock } from "../clock/clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Limits } from "../limits/limits.ts";
import type { Registry } from "../registry/registry.ts";
import { DeviceQueues } from "./device-queue.ts";
import { FEEDBACK_TYPE, Feedback } from "./feedback.ts";
import { Sequence } from "./sequence.ts";
import { ServiceQueue } from "./service-queue.ts";

const FILE_NOTIFICATION_TYPE = "application/vnd.microsoft.iothub.filenotification.json";

export interface QueuesParts {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly maxDeliveryCount: number;
}

export interface Queues {
  readonly deviceQueues: DeviceQueues;
  readonly feedback: ServiceQueue;
  readonly fileNotifications: ServiceQueue;
}

/** All number their messages by one sequence. */
export function openQueues({ journal, clock, registry, limits, maxDeliveryCount }: QueuesParts): Queues {
  const shared = { journal, clock, sequence: new Sequence(journal) };
  const feedback = new ServiceQueue({ ...shared, name: "feedback", contentType: FEEDBACK_TYPE });
  const fileNotifications = new ServiceQueue({
    ...shared,
    name: "file-notification",
    contentType: FILE_NOTIFICATION_TYPE,
  });
  const records = new Feedback({ ...shared, queue: feedback });
  const deviceQueues = new DeviceQueues({ ...shared, registry, feedback: records, limits, maxDeliveryCount });
  return { deviceQueues, feedback, fileNotifications };
}
