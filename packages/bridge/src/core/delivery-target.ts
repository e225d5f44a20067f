/**
 * What deliveries are sent to: a hub, or the address of a webhook. Lanes, gates and settling know nothing else of it, so
 * that every kind of target gets the same promises.
 */
import type { PendingDelivery } from "./delivery.ts";
import type { Device } from "./device.ts";
import type { Failure, Outcome, Result } from "./failure.ts";
import type { KeyName } from "./hub-client.ts";
import type { Integration } from "./integration.ts";

/** One per line. Nothing of it may reject, except where the store cannot be read or written. */
export interface DeliveryTarget {
  /** How consoles and logs call it. */
  readonly hostName: string;
  /** The principal it sends as; empty where there is none. */
  readonly policyName: string;
  /** Which of the principal's keys is taken, where it has two. */
  readonly keyInUse?: KeyName;
  /** What does not work although messages go on, as writing names into twins. */
  readonly warning?: Failure | null;
  /** Whether the device can be sent for now; else `prepare` comes first. A value, not a promise, when memory knows. */
  isReady(device: Device, integration: Integration): boolean | Promise<boolean>;
  /** Makes what a device's messages need, as its identity in a hub; asked twice at once, it is made once. */
  prepare(device: Device, integration: Integration): Promise<Result<null>>;
  /** Whether the device's next message must wait for something to be opened, as a link; absent: never. */
  opensFor?(deviceId: string, integration: Integration): boolean;
  /** Builds the message and sends it; one that cannot be built is a failure like any other. */
  send(delivery: PendingDelivery, integration: Integration, device: Device): Promise<Outcome>;
  /** A send has failed for the device's own reason: what is known of the device may be out of date. */
  failed(failure: Failure, device: Device, integration: Integration): Promise<void>;
  /** Somebody asks for another try of a device's deliveries: what was given up for its sake is tried again. */
  retryWanted?(deviceId: string, integration: Integration): void;
  renamed(device: Device, integration: Integration): Promise<void>;
  /** An integration that uses it was changed: takes up new keys. What is under way ends with the old ones. */
  refresh(integration: Integration): Promise<void>;
  /** Gives up what is under way: it ends as an unknown outcome. */
  close(): Promise<void>;
}

/** Integrations with the same key share a line, and so one gate: hubs by their connection, a webhook none with others. */
export function lineKey(integration: Integration): string {
  return integration.type === "AzureIotHub" ? integration.connectionId : integration.id;
}
