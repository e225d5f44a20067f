/**
 * The audit log at work. Records are gathered for a moment and written together; one that says the same as another of the last
 * minutes is counted with it, so that what programs do all day does not push out what people did.
 */
import type { Actor, AuditEntries, AuditLog, AuditPage, AuditQuery, AuditRecord, NewAuditEntry } from "./core/audit.ts";
import type { Clock } from "./core/clock.ts";
import type { Accounts } from "./core/directory.ts";
import type { Log } from "./core/log.ts";
import type { Product } from "./core/product.ts";
import { Recent } from "./core/recent.ts";

const WRITE_AFTER_MS = 300;
const SAME_WITHIN_MS = 10 * 60_000;
const MAX_GATHERED = 5_000;
const MAX_RECENT = 10_000;
/** Of one refusal to one person within those minutes: entries with different objects. Who tries all ids is told of once. */
const MAX_TRIED = 100;
const KEPT_MS = 90 * 24 * 3_600_000;
const KEPT_PER_ACCOUNT = 100_000;
const PRUNE_EVERY_MS = 3_600_000;

interface Options {
  readonly store: AuditEntries;
  readonly directory: Pick<Accounts, "account" | "accountByUsername"> & {
    product(idOrSlug: string): Promise<Product | null>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

interface Gathered {
  readonly first: AuditRecord;
  count: number;
  lastAt: number;
}

export interface RunningAuditLog extends AuditLog {
  /** Writes what is gathered. */
  stop(): Promise<void>;
}

export function startAuditLog({ store, directory, clock, log }: Options): RunningAuditLog {
  let gathered = new Map<string, Gathered>();
  const written = new Recent<string, { readonly id: number; readonly at: number }>(MAX_RECENT);
  const tried = new Recent<string, { at: number; count: number }>(MAX_RECENT);
  let callOff: (() => void) | null = null;
  let writing: Promise<void> = Promise.resolve();
  let dropped = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;

  function gather(key: string, record: AuditRecord, count: number, lastAt: number): void {
    const known = gathered.get(key);
    if (known !== undefined) {
      known.count += count;
      known.lastAt = Math.max(known.lastAt, lastAt);
    } else if (gathered.size < MAX_GATHERED) gathered.set(key, { first: record, count, lastAt });
    else dropped += count;
    callOff ??= clock.after(WRITE_AFTER_MS, () => void write());
  }

  /** Refusals fill no log: after many with objects of their own, further ones are counted together, without these. */
  function bounded(record: AuditRecord): AuditRecord {
    const key = keyOf(record);
    if (record.status < 400 || gathered.has(key) || written.get(key) !== undefined) return record;
    const summed = { ...record, objects: {} };
    const common = keyOf(summed);
    const known = tried.get(common);
    if (known === undefined || record.at - known.at >= SAME_WITHIN_MS) {
      tried.set(common, { at: record.at, count: 1 });
      return record;
    }
    known.count += 1;
    return known.count > MAX_TRIED ? summed : record;
  }

  /** Never rejects: what could not be written waits for the next time. */
  function write(): Promise<void> {
    callOff?.();
    callOff = null;
    const taken = gathered;
    gathered = new Map();
    writing = writing.then(async () => {
      try {
        await writeAll(taken);
        await prune();
      } catch (error) {
        log.warn({ reason: String(error), count: taken.size }, "audit.delayed");
        for (const [key, { first, count, lastAt }] of taken) gather(key, first, count, lastAt);
      }
    });
    return writing;
  }

  async function writeAll(taken: Map<string, Gathered>): Promise<void> {
    if (dropped > 0) log.error({ count: dropped }, "audit.lost");
    dropped = 0;
    const repeats: { key: string; id: number; count: number; lastAt: number }[] = [];
    const fresh: { key: string; entry: NewAuditEntry }[] = [];
    for (const [key, { first, count, lastAt }] of taken) {
      const same = written.get(key);
      if (same !== undefined && lastAt - same.at < SAME_WITHIN_MS) repeats.push({ key, id: same.id, count, lastAt });
      else fresh.push({ key, entry: { ...(await entryOf(first)), count, lastAt } });
    }
    if (repeats.length > 0) await store.repeatAudit(repeats);
    for (const { key } of repeats) taken.delete(key);
    if (fresh.length === 0) return;
    const ids = await store.appendAudit(fresh.map(({ entry }) => entry));
    for (const [i, { key, entry }] of fresh.entries()) {
      written.set(key, { id: ids[i]!, at: entry.at });
      taken.delete(key);
    }
  }

  async function prune(): Promise<void> {
    if (clock.now() - prunedAt < PRUNE_EVERY_MS) return;
    prunedAt = clock.now();
    await store.pruneAudit({ since: clock.now() - KEPT_MS, perAccount: KEPT_PER_ACCOUNT });
  }

  async function entryOf({ actor, ...record }: AuditRecord): Promise<Omit<NewAuditEntry, "count" | "lastAt">> {
    return { ...record, ...(await standing(actor)) };
  }

  /** Under which name, and in whose log. */
  async function standing(actor: Actor): Promise<Pick<NewAuditEntry, "accountId" | "actor">> {
    const { kind } = actor;
    switch (actor.kind) {
      case "account": {
        const account = await directory.account(actor.accountId);
        return { accountId: actor.accountId, actor: { kind, name: account?.username ?? null } };
      }
      case "claimed": {
        // A name that nobody has may be a password that was typed into the wrong field.
        const account = (await directory.accountByUsername(actor.username))?.account ?? null;
        return { accountId: account?.id ?? null, actor: { kind, name: account?.username ?? null } };
      }
      case "api_user":
        return { accountId: await ownerOf(actor.productId), actor: { kind, name: actor.username } };
      case "app":
        return { accountId: await ownerOf(actor.productId), actor: { kind, name: actor.slug } };
      case "device":
        return {
          accountId: actor.ownerId ?? (await ownerOf(actor.productId)),
          actor: { kind, name: actor.deviceId },
        };
      case "unknown":
        return { accountId: null, actor: { kind, name: null } };
    }
  }

  async function ownerOf(productId: number | null): Promise<string | null> {
    return productId === null ? null : ((await directory.product(String(productId)))?.ownerId ?? null);
  }

  return {
    record(record: AuditRecord): void {
      const kept = bounded(record);
      gather(keyOf(kept), kept, 1, kept.at);
    },
    async entries(query: AuditQuery): Promise<AuditPage> {
      await write();
      const oldest = clock.now() - KEPT_MS;
      return store.auditEntries({ ...query, since: Math.max(oldest, query.since ?? oldest) });
    },
    async stop(): Promise<void> {
      await write();
      callOff?.();
    },
  };
}

/** What is the same in records that are counted as one. */
function keyOf({ at: _at, ...rest }: AuditRecord): string {
  return JSON.stringify(rest);
}
