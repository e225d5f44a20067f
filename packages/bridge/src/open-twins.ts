/** The open clients of hubs that mirror states: one for each connection, for all who ask. */
import type { HubConnection } from "./core/integration.ts";
import type { DeviceHub } from "./core/device-desk.ts";
import type { TwinHubs } from "./core/twin-hub.ts";

interface OpenTwin {
  readonly twins: DeviceHub;
  connection: HubConnection;
}

export class OpenTwins {
  readonly #hubs: TwinHubs;
  readonly #connection: (id: string) => Promise<HubConnection | null>;
  readonly #open = new Map<string, OpenTwin>();

  constructor(hubs: TwinHubs, connection: (id: string) => Promise<HubConnection | null>) {
    this.#hubs = hubs;
    this.#connection = connection;
  }

  /** `undefined`: there is no such connection. */
  async open(id: string): Promise<DeviceHub | undefined> {
    const known = this.#open.get(id);
    if (known !== undefined) return known.twins;
    const connection = await this.#connection(id);
    // Whoever asked at the same time may have opened it meanwhile.
    const opened = this.#open.get(id);
    if (opened !== undefined || connection === null) return opened?.twins;
    const twins = this.#hubs.openTwins(connection);
    this.#open.set(id, { twins, connection });
    return twins;
  }

  /** Hands on what changed, and closes what is gone; returns the ids of the connections that changed. */
  async renew(): Promise<readonly string[]> {
    const changed: string[] = [];
    for (const [id, open] of this.#open) {
      const connection = await this.#connection(id);
      if (connection === null) {
        await this.#forget(id, open);
        continue;
      }
      if (JSON.stringify(connection) === JSON.stringify(open.connection)) continue;
      open.connection = connection;
      open.twins.renew(connection);
      changed.push(id);
    }
    return changed;
  }

  /** Nobody can be given it again: a connection that is gone does not come back. */
  async #forget(id: string, open: OpenTwin): Promise<void> {
    // Whoever renews at the same time may have closed it meanwhile.
    if (this.#open.get(id) !== open) return;
    this.#open.delete(id);
    await open.twins.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ twins }) => twins.close()));
    this.#open.clear();
  }
}
