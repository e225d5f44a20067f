/** One life of the bridge in a simulation: a dispatcher between the store and the hubs, until it is stopped or killed. */
import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { HubClient } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { Log } from "../../core/log.ts";
import { Dispatcher, type DispatcherDirectory, type DispatcherOptions } from "../dispatcher.ts";
import type { ModelStore, StoreSession } from "./model-store.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import { noWebhooks } from "./no-webhooks.ts";

export interface BridgeProcessOptions extends Pick<DispatcherOptions, "maxInFlight" | "bounds" | "least" | "random"> {
  readonly clock: VirtualClock;
  readonly store: ModelStore;
  readonly directory: DispatcherDirectory;
  readonly openHub: (connection: HubConnection, isAlive: () => boolean) => HubClient;
  /** Told of every log line while the process lives. */
  readonly onLog: (fields: object, name: string) => void;
}

export class BridgeProcess {
  readonly dispatcher: Dispatcher;
  readonly #session: StoreSession;
  #alive = true;

  constructor(options: BridgeProcessOptions) {
    const { clock, store, directory, openHub, onLog, ...limits } = options;
    this.#session = store.session();
    const isAlive = (): boolean => this.#alive;
    const tell = (fields: object, name: string): void => {
      if (this.#alive) onLog(fields, name);
    };
    const log: Log = { debug: tell, info: tell, warn: tell, error: tell };
    this.dispatcher = new Dispatcher({
      queue: this.#session,
      identities: this.#session,
      directory,
      hubs: {
        open: (connection) => openHub(connection, isAlive),
        monitor: () => Promise.reject(new Error("No reader.")),
      },
      webhooks: noWebhooks,
      log,
      clock: whileAlive(clock, isAlive),
      ...limits,
    });
  }

  /** As the ingest side does it: on disk first, then to the dispatcher. */
  async accept(event: DeviceEvent, integrationIds: readonly string[]): Promise<boolean> {
    try {
      const deliveries = await this.#session.append(event, integrationIds);
      this.dispatcher.offer(deliveries);
      return true;
    } catch {
      return false;
    }
  }

  async retryParked(integrationId: string): Promise<void> {
    const deviceIds = await this.#session.retryParked(integrationId).catch(() => []);
    this.dispatcher.retried(integrationId, deviceIds);
  }

  async deleted(integrationId: string): Promise<void> {
    await this.dispatcher.integrationChanged(integrationId);
    await this.#session.expirePending(integrationId).catch(() => undefined);
  }

  renamed(device: Device): Promise<void> {
    return this.dispatcher.deviceRenamed(device).catch(() => undefined);
  }

  /** `kill -9`: no timer fires, no answer comes, nothing is written any more. Messages on the wire may still arrive. */
  kill(): void {
    this.#alive = false;
    this.#session.end();
  }
}

function whileAlive(clock: Clock, isAlive: () => boolean): Clock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    after: (ms, work) =>
      clock.after(ms, () => {
        if (isAlive()) work();
      }),
  };
}
