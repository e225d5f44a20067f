/**
 * Removes what a TEST has made in a hub. Every identity that a test is about to make is noted first, so that one is found
 * again whose removal failed or that a crash left behind.
 */
import { type Failure, type Result, succeed } from "../core/failure.ts";
import type { HubClient, Hubs } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import type { HubConnection } from "../core/integration.ts";
import type { Log } from "../core/log.ts";
import type { TestIdentities, TestIdentity } from "../core/test-identities.ts";

/** Left-overs looked at in one go. */
const SWEPT = 100;

export interface TestCleanUpOptions {
  readonly notes: TestIdentities;
  readonly identities: Pick<Identities, "identity">;
  readonly connection: (id: string) => Promise<HubConnection | null>;
  readonly hubs: Pick<Hubs, "open">;
  readonly log: Log;
}

export class TestCleanUp {
  readonly #options: TestCleanUpOptions;
  readonly #inUse = new Set<string>();

  constructor(options: TestCleanUpOptions) {
    this.#options = options;
  }

  /** Before the identity is made. */
  async begin(identity: TestIdentity): Promise<void> {
    this.#inUse.add(keyOf(identity));
    await this.#options.notes.noteTestIdentity(identity);
  }

  /** The hub has it for other reasons than the test: it stays. */
  async keep(identity: TestIdentity): Promise<void> {
    await this.#options.notes.forgetTestIdentity(identity);
    this.#inUse.delete(keyOf(identity));
  }

  /** Removes it unless its device has begun to publish meanwhile. What cannot be removed now is kept in mind. */
  async remove(client: Pick<HubClient, "deleteIdentity">, identity: TestIdentity): Promise<Result<null>> {
    try {
      const { notes, identities } = this.#options;
      const adopted = (await identities.identity(identity.connectionId, identity.deviceId)) !== null;
      const removed = adopted ? succeed(null) : await deleteTwice(client, identity.deviceId);
      if (removed.ok) await notes.forgetTestIdentity(identity);
      return removed;
    } finally {
      this.#inUse.delete(keyOf(identity));
    }
  }

  /** Removes what earlier tests left. Never rejects. */
  async sweep(): Promise<void> {
    const { notes, connection: find, hubs, log } = this.#options;
    try {
      const left = (await notes.testIdentities(SWEPT)).filter((identity) => !this.#inUse.has(keyOf(identity)));
      for (const connectionId of new Set(left.map((identity) => identity.connectionId))) {
        const connection = await find(connectionId);
        if (connection === null) continue;
        const client = hubs.open(connection);
        try {
          await this.#sweepOne(
            client,
            left.filter((identity) => identity.connectionId === connectionId),
          );
        } finally {
          await client.close();
        }
      }
    } catch (error) {
      log.warn({ reason: String(error) }, "test.sweep_failed");
    }
  }

  async #sweepOne(client: HubClient, left: readonly TestIdentity[]): Promise<void> {
    for (const identity of left) {
      const removed = await this.remove(client, identity);
      if (!removed.ok) return this.#notSwept(identity, removed.failure);
      this.#options.log.info({ ...identity }, "test.identity_removed");
    }
  }

  #notSwept(identity: TestIdentity, { code, message }: Failure): void {
    this.#options.log.warn({ ...identity, code, reason: message }, "test.identity_not_removed");
  }
}

/** Tried twice: nothing of the test should stay in a user's hub because of one lost answer. */
async function deleteTwice(client: Pick<HubClient, "deleteIdentity">, deviceId: string): Promise<Result<null>> {
  const removed = await client.deleteIdentity(deviceId);
  return removed.ok ? removed : client.deleteIdentity(deviceId);
}

function keyOf({ connectionId, deviceId }: TestIdentity): string {
  return `${connectionId} ${deviceId}`;
}
