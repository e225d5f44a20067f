/** A local Azure IoT Hub as a library: made, started, asked, stopped. */
import { deviceConnectionString, hubConnectionString } from "./addresses.ts";
import type { EmulatorAddresses } from "./addresses.ts";
import { decodeStoredEvent } from "./amqp-codec/stored-event.ts";
import type { EmulatorOptions } from "./emulator-options.ts";
import type { HubClock } from "./hub/clock/clock.ts";
import { dumpOf } from "./hub/dump.ts";
import type { HubDump } from "./hub/dump.ts";
import type { EventWaitOptions } from "./hub/events/event-watch.ts";
import { waitForEvent } from "./hub/events/event-watch.ts";
import type { Faults } from "./hub/faults/faults.ts";
import type { HubEvent } from "./hub/events/hub-event.ts";
import type { Hub } from "./hub/hub.ts";
import type { Provisioning } from "./provisioning/provisioning.ts";
import { Running } from "./running.ts";

/** All but `start` and `stop` throw while it is not started. */
export interface Emulator {
  /** Opens folder and listeners. Throws `ListenError` when a port cannot be had; nothing stays open then. */
  start(): Promise<EmulatorAddresses>;
  /** Closes every connection and resolves when everything accepted is written. */
  stop(): Promise<void>;
  readonly addresses: EmulatorAddresses;
  /** Service connection string of a policy; default `iothubowner`. Throws when there is none of that name. */
  connectionString(policyName?: string): string;
  /** Connection string of a registered device or module. Throws a `HubError`: `DeviceNotFound` or `ModuleNotFound`. */
  deviceConnectionString(deviceId: string, moduleId?: string): string;
  /** For readers of events, over TLS. */
  readonly eventHubConnectionString: string;
  /** The model. Another one after a reset. */
  readonly hub: Hub;
  /** The provisioning service beside it. Another one after a reset. */
  readonly provisioning: Provisioning;
  /** The hub's clock: advance it rather than wait. */
  readonly clock: HubClock;
  /** Scripted faults: what is to fail, and how. */
  readonly faults: Faults;
  /** The hub as new: no devices, messages, faults; clock right. Ports, names, policies with their keys and certificates stay. Ends every connection. */
  reset(): Promise<void>;
  /** What the hub knows and holds, as plain data without keys. */
  dump(): HubDump;
  /**
   * The first event of the built-in endpoint that fits, also among those that are there already. Rejects with a
   * `WaitTimeoutError` that says what was seen instead.
   */
  waitForEvent(fits?: (event: HubEvent) => boolean, options?: EventWaitOptions): Promise<HubEvent>;
}

export function createEmulator(options: EmulatorOptions = {}): Emulator {
  let running: Running | undefined;
  const need = (): Running => {
    if (running === undefined) throw new Error("The emulator is not started.");
    return running;
  };
  return {
    async start() {
      if (running !== undefined) throw new Error("The emulator is already started.");
      running = await Running.open(options);
      return running.addresses;
    },
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.close();
    },
    get addresses() {
      return need().addresses;
    },
    connectionString: (policyName = "iothubowner") => hubConnectionString(need().hub, policyName),
    deviceConnectionString: (deviceId, moduleId) => deviceConnectionString(need().hub, deviceId, moduleId),
    get eventHubConnectionString() {
      return need().addresses.eventHubConnectionString;
    },
    get hub() {
      return need().hub;
    },
    get provisioning() {
      return need().provisioning;
    },
    get clock() {
      return need().hub.clock;
    },
    get faults() {
      return need().hub.faults;
    },
    reset: () => need().reset(),
    dump: () => dumpOf(need().hub),
    waitForEvent: async (fits, waitOptions) =>
      waitForEvent({ hub: need().hub, decodeEvent: decodeStoredEvent }, fits, waitOptions),
  };
}

/**
 * Starts an emulator, hands it over, and stops it whatever happens; resolves with what `use` resolves with. Ports are free
 * ones unless the options say otherwise.
 */
export async function withEmulator<T>(
  use: (emulator: Emulator) => T | Promise<T>,
  options: EmulatorOptions = {},
): Promise<T> {
  const emulator = createEmulator({ port: 0, ...options });
  await emulator.start();
  try {
    return await use(emulator);
  } finally {
    await emulator.stop();
  }
}
