/**
 * A hub's client that can be exchanged while it is in use, so that new keys leave no gap: calls that are under way end on
 * the former client, which is closed after the last of them.
 */
import type { Outcome, Result } from "../core/failure.ts";
import type { DeviceIdentity, HubClient, HubMessage } from "../core/hub-client.ts";

interface Generation {
  readonly client: HubClient;
  calls: number;
  retired: boolean;
}

export class ReplaceableClient implements HubClient {
  #now: Generation;
  readonly #former = new Set<Generation>();

  constructor(client: HubClient) {
    this.#now = { client, calls: 0, retired: false };
  }

  /** From now on calls go to the new client. */
  replace(client: HubClient): void {
    const former = this.#now;
    this.#now = { client, calls: 0, retired: false };
    former.retired = true;
    this.#former.add(former);
    this.#closeIfDone(former);
  }

  async send(deviceId: string, message: HubMessage): Promise<Outcome> {
    const generation = this.#now;
    const outcome = await this.#counted(generation, (client) => client.send(deviceId, message));
    // Its device's link was taken over by the new client, on behalf of another integration: nobody else uses the identity.
    if (!generation.retired || outcome.kind === "delivered" || outcome.failure.code !== "identity_in_use")
      return outcome;
    return {
      kind: "failed",
      failure: { code: "outcome_unknown", message: "The connection was opened anew meanwhile." },
    };
  }

  createIdentity(deviceId: string): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    return this.#counted(this.#now, (client) => client.createIdentity(deviceId));
  }

  getIdentity(deviceId: string): Promise<Result<DeviceIdentity | null>> {
    return this.#counted(this.#now, (client) => client.getIdentity(deviceId));
  }

  deleteIdentity(deviceId: string): Promise<Result<null>> {
    return this.#counted(this.#now, (client) => client.deleteIdentity(deviceId));
  }

  getTwin(deviceId: string): Promise<Result<Record<string, unknown> | null>> {
    return this.#counted(this.#now, (client) => client.getTwin(deviceId));
  }

  patchDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): Promise<Result<null>> {
    return this.#counted(this.#now, (client) => client.patchDesired(deviceId, patch));
  }

  async close(): Promise<void> {
    await Promise.all([this.#now, ...this.#former].map(({ client }) => client.close()));
  }

  async #counted<T>(generation: Generation, call: (client: HubClient) => Promise<T>): Promise<T> {
    generation.calls += 1;
    try {
      return await call(generation.client);
    } finally {
      generation.calls -= 1;
      this.#closeIfDone(generation);
    }
  }

  #closeIfDone(generation: Generation): void {
    if (!generation.retired || generation.calls > 0) return;
    this.#former.delete(generation);
    void generation.client.close();
  }
}
