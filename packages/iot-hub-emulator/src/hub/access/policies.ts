/** Shared access policies: named principals of the whole hub, each with two keys and a set of permissions. */
import { randomBytes } from "node:crypto";
import { HubError } from "../errors.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";

export type Permission = "RegistryRead" | "RegistryWrite" | "ServiceConnect" | "DeviceConnect";

export interface SharedAccessPolicy {
  readonly name: string;
  /** Base64 of 32 random bytes. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly permissions: ReadonlySet<Permission>;
}

const DEFAULT_POLICIES: Readonly<Record<string, readonly Permission[]>> = {
  iothubowner: ["RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"],
  service: ["ServiceConnect"],
  device: ["DeviceConnect"],
  registryRead: ["RegistryRead"],
  registryReadWrite: ["RegistryRead", "RegistryWrite"],
};

const PREFIX = "policy/";
const MOST = 16;
const MOST_WITH_SERVICE_CONNECT = 10;

/** What a policy becomes; what is left out stays as it is, or is made where the policy is new. */
export interface PolicyChange {
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
  readonly permissions?: readonly Permission[];
}

/** The policies every new hub has, and those that were added. Keys are made once and kept in the journal. */
export class Policies implements Iterable<SharedAccessPolicy> {
  readonly #journal: Journal;
  readonly #byName: Map<string, SharedAccessPolicy>;

  private constructor(journal: Journal, byName: Map<string, SharedAccessPolicy>) {
    this.#journal = journal;
    this.#byName = byName;
  }

  static async open(journal: Journal): Promise<Policies> {
    const policies = new Map<string, SharedAccessPolicy>();
    const created: JournalEntry[] = [];
    for (const name of namesIn(journal)) {
      const stored = journal.entries.get(PREFIX + name) as PolicyRecord | undefined;
      const keys = stored ?? { primaryKey: generateKey(), secondaryKey: generateKey() };
      if (stored === undefined) created.push([PREFIX + name, keys]);
      policies.set(name, toPolicy(name, keys));
    }
    if (created.length > 0) await journal.commit(created);
    return new Policies(journal, policies);
  }

  get(name: string): SharedAccessPolicy | undefined {
    return this.#byName.get(name);
  }

  /** Makes or changes a policy, for those who sign in from then on and those who have. Throws `ArgumentInvalid`. */
  async put(name: string, change: PolicyChange): Promise<SharedAccessPolicy> {
    const known = this.#byName.get(name);
    const permissions = change.permissions ?? [...(known?.permissions ?? [])];
    const record: PolicyRecord = {
      primaryKey: change.primaryKey ?? known?.primaryKey ?? generateKey(),
      secondaryKey: change.secondaryKey ?? known?.secondaryKey ?? generateKey(),
      permissions,
    };
    this.#requireRoom(name, permissions);
    const policy = toPolicy(name, record);
    await this.#journal.commit([[PREFIX + name, record]]);
    this.#byName.set(name, policy);
    return policy;
  }

  /** As they stand in the journal. */
  records(): readonly JournalEntry[] {
    return [...this].map(({ name, primaryKey, secondaryKey, permissions }) => [
      PREFIX + name,
      { primaryKey, secondaryKey, permissions: [...permissions] },
    ]);
  }

  [Symbol.iterator](): Iterator<SharedAccessPolicy> {
    return this.#byName.values();
  }

  #requireRoom(name: string, permissions: readonly Permission[]): void {
    if (permissions.length === 0) throw new HubError("ArgumentInvalid", "A policy has one permission at least.");
    const others = [...this].filter((policy) => policy.name !== name);
    if (others.length >= MOST) throw new HubError("ArgumentInvalid", `A hub has at most ${MOST} policies.`);
    const connecting = others.filter((policy) => policy.permissions.has("ServiceConnect"));
    if (permissions.includes("ServiceConnect") && connecting.length >= MOST_WITH_SERVICE_CONNECT) {
      throw new HubError("ArgumentInvalid", `At most ${MOST_WITH_SERVICE_CONNECT} policies have ServiceConnect.`);
    }
  }
}

interface PolicyRecord {
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** Absent: those that a new hub's policy of this name has. */
  readonly permissions?: readonly Permission[];
}

function namesIn(journal: Journal): ReadonlySet<string> {
  const added = [...journal.entries.keys()].filter((key) => key.startsWith(PREFIX));
  return new Set([...Object.keys(DEFAULT_POLICIES), ...added.map((key) => key.slice(PREFIX.length))]);
}

function toPolicy(name: string, { primaryKey, secondaryKey, permissions }: PolicyRecord): SharedAccessPolicy {
  return { name, primaryKey, secondaryKey, permissions: new Set(permissions ?? DEFAULT_POLICIES[name] ?? []) };
}

/** A new symmetric key as the hub makes them: base64 of 32 random bytes. */
export function generateKey(): string {
  return randomBytes(32).toString("base64");
}
