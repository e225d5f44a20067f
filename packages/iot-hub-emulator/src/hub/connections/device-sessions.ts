/**
 * What the hub remembers of a client that asked for a session which outlives its connection: clients that renew a token
 * reconnect and subscribe to nothing again. There is at most one per identity, and it dies with the identity.
 */
import { identityKey } from "../registry/identity.ts";
import type { DeviceIdentity } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { Registry } from "../registry/registry.ts";

export interface DeviceSession {
  /** Subscriptions by name, with the quality of service that was granted. */
  readonly subscriptions: Readonly<Record<string, 0 | 1>>;
  /** Packet identifiers of messages that were sent and not acknowledged, by sequence number. */
  readonly unacknowledged: Readonly<Record<number, number>>;
}

export const NEW_SESSION: DeviceSession = { subscriptions: {}, unacknowledged: {} };

interface KeptSession extends DeviceSession {
  readonly generationId: string;
}

const PREFIX = "session/";

export class DeviceSessions {
  readonly #journal: Journal;
  readonly #registry: Registry;
  readonly #sessions = new Map<string, KeptSession>();

  constructor(journal: Journal, registry: Registry) {
    this.#journal = journal;
    this.#registry = registry;
    for (const [key, value] of journal.entries) {
      if (key.startsWith(PREFIX)) this.#sessions.set(key.slice(PREFIX.length), value as KeptSession);
    }
    registry.onChange(({ kind, identity }) => {
      if (kind === "deleted") void this.forget(identity).catch(() => undefined); // of no use to an identity made anew
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  find(identity: DeviceIdentity): DeviceSession | undefined {
    const session = this.#sessions.get(identityKey(identity));
    return session?.generationId === identity.generationId ? session : undefined;
  }

  /** Resolves when it is written. An identity that is gone leaves nothing. */
  async keep(identity: DeviceIdentity, { subscriptions, unacknowledged }: DeviceSession): Promise<void> {
    const { deviceId, moduleId, generationId } = identity;
    const session = { generationId, subscriptions, unacknowledged };
    if (this.#registry.find(deviceId, moduleId)?.generationId !== generationId) return;
    if (isSame(this.#sessions.get(identityKey(identity)), session)) return;
    this.#sessions.set(identityKey(identity), session);
    await this.#journal.commit([[PREFIX + identityKey(identity), session]]);
  }

  async forget(identity: DeviceIdentity): Promise<void> {
    if (!this.#sessions.delete(identityKey(identity))) return;
    await this.#journal.commit([[PREFIX + identityKey(identity), undefined]]);
  }
}

function isSame(kept: KeptSession | undefined, session: KeptSession): boolean {
  return JSON.stringify(kept) === JSON.stringify(session);
}
