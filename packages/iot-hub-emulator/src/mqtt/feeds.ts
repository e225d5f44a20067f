/** What a device has subscribed to, and what the hub feeds it for that. */
import type { DeviceSession } from "../hub/connections/device-sessions.ts";
import { CloudToDevice } from "./cloud-to-device.ts";
import type { DevicePeer, Feed } from "./device-peer.ts";
import { takeCalls } from "./method-calls.ts";
import type { Subscription } from "./subscriptions.ts";
import { followDesired } from "./twin-exchange.ts";

const SILENT: Feed = { start: () => undefined, stop: () => undefined };

export class Feeds {
  readonly #peer: DevicePeer;
  readonly #granted: Map<Subscription, 0 | 1>;
  readonly #running = new Map<Subscription, Feed>();
  #cloudToDevice: CloudToDevice | undefined;
  #stopped = false;
  /** Packet identifiers of messages that the last connection did not acknowledge. */
  #unacknowledged: DeviceSession["unacknowledged"];

  /** Nothing runs until `run`. */
  constructor(peer: DevicePeer, { subscriptions, unacknowledged }: DeviceSession) {
    this.#peer = peer;
    this.#granted = new Map(Object.entries(subscriptions) as [Subscription, 0 | 1][]);
    this.#unacknowledged = unacknowledged;
  }

  /** What the next connection has to know. */
  get session(): DeviceSession {
    const unacknowledged = this.#cloudToDevice?.unacknowledged ?? this.#unacknowledged;
    return { subscriptions: Object.fromEntries(this.#granted), unacknowledged };
  }

  /** Whether the device hears of this. */
  has(subscription: Subscription): boolean {
    return this.#granted.has(subscription);
  }

  /** Subscribes; `run` starts what that brings. Once more with another quality of service takes the place of the first time. */
  grant(subscription: Subscription, qos: 0 | 1): void {
    if (this.#granted.get(subscription) === qos) return;
    this.end(subscription);
    this.#granted.set(subscription, qos);
  }

  /** Starts all that is granted and does not run yet. */
  run(): void {
    for (const [subscription, qos] of this.#granted) {
      if (this.#stopped || this.#running.has(subscription)) continue;
      const feed = this.#feed(subscription, qos);
      this.#running.set(subscription, feed);
      feed.start();
    }
  }

  end(subscription: Subscription): void {
    this.#granted.delete(subscription);
    this.#unacknowledged = this.session.unacknowledged;
    this.#running.get(subscription)?.stop();
    this.#running.delete(subscription);
    if (subscription === "cloudToDevice") this.#cloudToDevice = undefined;
  }

  acknowledged(packetId: number): void {
    this.#cloudToDevice?.acknowledged(packetId);
  }

  writable(): void {
    this.#cloudToDevice?.writable();
  }

  /** Whether the session changed since the subscriptions did. */
  stop(): boolean {
    this.#stopped = true;
    const before = Object.keys(this.#unacknowledged).length;
    this.#unacknowledged = this.session.unacknowledged;
    for (const feed of this.#running.values()) feed.stop();
    this.#running.clear();
    this.#cloudToDevice = undefined;
    return before > 0 || Object.keys(this.#unacknowledged).length > 0;
  }

  #feed(subscription: Subscription, qos: 0 | 1): Feed {
    switch (subscription) {
      case "cloudToDevice":
        // Messages are for devices; a module may listen and hears none.
        if (this.#peer.identity.moduleId !== undefined) return SILENT;
        this.#cloudToDevice = new CloudToDevice(this.#peer, qos, this.#unacknowledged);
        return this.#cloudToDevice;
      case "desired":
        return followDesired(this.#peer);
      case "methods":
        return takeCalls(this.#peer);
      case "twinResponses":
      case "inputs":
        return SILENT;
    }
  }
}
