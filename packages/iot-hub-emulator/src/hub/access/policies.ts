/** Shared access policies: named principals of the whole hub, each with two keys and a set of permissions. */
import { randomBytes } from "node:crypto";
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

/** The policies every new hub has. Keys are made once and kept in the journal. */
export class Policies implements Iterable<SharedAccessPolicy> {
  readonly #byName: ReadonlyMap<string, SharedAccessPolicy>;

  private constructor(byName: ReadonlyMap<string, SharedAccessPolicy>) {
    this.#byName = byName;
  }

  static async open(journal: Journal): Promise<Policies> {
    const policies = new Map<string, SharedAccessPolicy>();
    const created: [string, unknown][] = [];
    for (const [name, permissions] of Object.entries(DEFAULT_POLICIES)) {
      const stored = journal.entries.get(PREFIX + name) as Keys | undefined;
      const keys = stored ?? { primaryKey: generateKey(), secondaryKey: generateKey() };
      if (stored === undefined) created.push([PREFIX + name, keys]);
      policies.set(name, { name, ...keys, permissions: new Set(permissions) });
    }
    if (created.length > 0) await journal.commit(created);
    return new Policies(policies);
  }

  get(name: string): SharedAccessPolicy | undefined {
    return this.#byName.get(name);
  }

  /** As they stand in the journal. */
  records(): readonly JournalEntry[] {
    return [...this].map(({ name, primaryKey, secondaryKey }) => [PREFIX + name, { primaryKey, secondaryKey }]);
  }

  [Symbol.iterator](): Iterator<SharedAccessPolicy> {
    return this.#byName.values();
  }
}

interface Keys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** A new symmetric key as the hub makes them: base64 of 32 random bytes. */
export function generateKey(): string {
  return randomBytes(32).toString("base64");
}
