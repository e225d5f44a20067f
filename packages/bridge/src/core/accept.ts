/** Taking one event, whatever door it came by. */
import type { DeviceEvent } from "./device-event.ts";
import type { Device } from "./device.ts";

/** What a publisher hands in. */
export interface IncomingEvent {
  readonly name: string;
  readonly data: string | null;
  readonly contentType?: string;
  /** `null`: made over the API without a device. */
  readonly device: Device | null;
  readonly productId: number | null;
  /** Without a device: the account in whose own stream it appears. */
  readonly accountId?: string;
  /** Unix milliseconds; the time of receipt when the publisher does not say. */
  readonly publishedAt?: number;
  /** Of the device's product, as the publisher says; what is known of the device when it does not. */
  readonly firmwareVersion?: number | null;
  /**
   * What the publisher calls this event, or several names by which it may come again. An event of the same device (or,
   * without a device, of the same account and product) that came under one of them in the last 24 hours is answered with the first one's id and
   * not stored again.
   */
  readonly dedupeKey?: string | readonly string[];
  /** Another device cloud has judged it: its system events and its longer data are taken too. */
  readonly fromDeviceCloud?: true;
}

/** Which field of an event is wrong, and why, in a sentence. */
export interface EventFault {
  readonly field: "name" | "data";
  readonly message: string;
}

/** Takes one event. `accepted` means flushed to disk; `fault` means nothing was stored. */
export type Accept = (incoming: IncomingEvent) => Promise<
  | {
      readonly kind: "accepted";
      readonly event: DeviceEvent;
      readonly matches: number;
      /** It had come before under the same key: `event.id` is the first one's, and nothing was stored now. */
      readonly repeated?: true;
    }
  | { readonly kind: "fault"; readonly fault: EventFault }
  | { readonly kind: "unavailable"; readonly message: string; readonly retryAfterSeconds: number }
>;
