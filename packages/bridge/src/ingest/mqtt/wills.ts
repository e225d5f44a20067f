/** Wills on their way to become events. Of each device one may wait, so that a connection that keeps breaking gathers none. */
import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import type { Log } from "../../core/log.ts";
import type { Accept } from "../../core/accept.ts";
import type { DeviceRate } from "../../core/rate-limit.ts";
import type { Will } from "./will.ts";

export interface WillsOptions {
  readonly accept: Accept;
  readonly rate: DeviceRate;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting {
  /** For the time that the client asked for; otherwise for the device's rate. */
  readonly isDelayed: boolean;
  readonly callOff: () => void;
}

export class Wills {
  readonly #options: WillsOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: WillsOptions) {
    this.#options = options;
  }

  /** After `delay` milliseconds, and at the device's rate like any event of its own. */
  leave(will: Will, device: Device, delay: number): void {
    if (delay > 0) this.#wait(device.id, { isDelayed: true, ms: delay }, () => this.#leaveNow(will, device));
    else this.#leaveNow(will, device);
  }

  /** The device is back: what was to be left later is not left [MQTT-3.1.3-9]. */
  cameBack(deviceId: string): void {
    const waiting = this.#waiting.get(deviceId);
    if (waiting?.isDelayed !== true) return;
    waiting.callOff();
    this.#waiting.delete(deviceId);
  }

  /** The server stops: no device is lost by that, and what still waits is not left. */
  stop(): void {
    for (const [deviceId, { isDelayed, callOff }] of this.#waiting) {
      callOff();
      if (!isDelayed) this.#lost(deviceId, "The server stops.");
    }
    this.#waiting.clear();
  }

  // A store that is full loses it: nobody is there to try again.
  #leaveNow({ name, payload }: Will, device: Device): void {
    const { accept, rate } = this.#options;
    const ms = rate.take(device.id);
    if (ms > 0) {
      this.#wait(device.id, { isDelayed: false, ms }, () => this.#leaveNow({ name, payload, delay: 0 }, device));
      return;
    }
    void accept({ name, ...payload, device, productId: device.productId }).then(
      (taken) => {
        if (taken.kind === "unavailable") this.#lost(device.id, taken.message);
        else if (taken.kind === "fault") this.#lost(device.id, taken.fault.message);
      },
      (error: unknown) => this.#lost(device.id, String(error)),
    );
  }

  #wait(deviceId: string, { isDelayed, ms }: { isDelayed: boolean; ms: number }, work: () => void): void {
    if (this.#waiting.has(deviceId)) return this.#lost(deviceId, "An earlier will of the device still waits.");
    const callOff = this.#options.clock.after(ms, () => {
      this.#waiting.delete(deviceId);
      work();
    });
    this.#waiting.set(deviceId, { isDelayed, callOff });
  }

  #lost(deviceId: string, reason: string): void {
    this.#options.log.warn({ deviceId, reason }, "mqtt.will_lost");
  }
}
