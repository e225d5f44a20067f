/** Our end of a link on which a device receives what was made for it: answers on its twin, calls of its methods. */
import type { ConnectionContext } from "../context.ts";
import type { DeviceLinkKind, DeviceLinkPlace } from "./device-links.ts";
import type { AuthorizedDevice } from "./authorized-device.ts";
import type { OutgoingNode } from "../links/link.ts";
import { Outbox } from "../links/outbox.ts";
import type { OutgoingLink } from "../links/outgoing-link.ts";

export interface DeviceResponsesOptions {
  readonly context: ConnectionContext;
  readonly device: AuthorizedDevice;
  readonly kind: DeviceLinkKind;
  /** Called when the link is open; returns the unsubscribe function, which is called when it is gone. */
  readonly opened?: (node: DeviceResponses) => () => void;
}

export class DeviceResponses implements OutgoingNode {
  readonly #options: DeviceResponsesOptions;
  readonly #outbox = new Outbox();
  #link: OutgoingLink | undefined;
  #place: DeviceLinkPlace | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: DeviceResponsesOptions) {
    this.#options = options;
  }

  opened(link: OutgoingLink): void {
    const { context, device, kind, opened } = this.#options;
    this.#link = link;
    this.#place = context.deviceLinks.join(device.identity, { kind, link, node: this, grant: device.grant });
    this.#unsubscribe = opened?.(this);
  }

  /** Sends when the device has given credit. */
  push(payload: Buffer): void {
    if (this.#link !== undefined) this.#outbox.push(this.#link, payload);
  }

  /** Ends the present subscription and keeps this one, if any, until the link is gone. */
  keepSubscription(unsubscribe: (() => void) | undefined): void {
    this.#unsubscribe?.();
    this.#unsubscribe = unsubscribe;
  }

  pump(link: OutgoingLink): boolean {
    return this.#outbox.pump(link);
  }

  closed(): void {
    this.keepSubscription(undefined);
    this.#outbox.clear();
    this.#place?.leave();
  }
}
