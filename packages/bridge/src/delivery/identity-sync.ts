/**
 * Makes sure that a device has its identity in a hub before the first message, and that the twin knows its name.
 *
 * An identity is created on demand, once; what is known is kept in memory and in the store. The name is written at
 * creation and after a rename; when that fails, telemetry goes on and the name is tried again with a later event.
 */
import type { Device } from "../core/device.ts";
import { fail, succeed, type Failure, type Result } from "../core/failure.ts";
import type { HubClient } from "../core/hub-client.ts";
import type { Identities, KnownIdentity } from "../core/identities.ts";
import type { Log } from "../core/log.ts";
import { backoffMs, type Backoff } from "./backoff.ts";

const NAME_RETRY: Backoff = { firstMs: 5_000, maxMs: 10 * 60_000 };
/** The registry's own throttle: 100 operations a minute on the smallest hubs. */
const CREATE_RETRY: Backoff = { firstMs: 2_000, maxMs: 60_000 };
/** Identities created at once per hub: bounds sockets, leaves room for twins. */
const MAX_CREATING = 16;
const MAX_KNOWN = 200_000;
/** Generation of an identity that the policy may neither create nor read: believed to exist until a send says no. */
const UNSEEN = "";

interface Entry extends KnownIdentity {
  readonly nameFailures: number;
  readonly nameRetryAt: number;
}

export interface IdentitySyncOptions {
  readonly connectionId: string;
  readonly client: HubClient;
  readonly identities: Identities;
  readonly log: Log;
  readonly now: () => number;
}

/** The identities of one hub connection. */
export class IdentitySync {
  readonly #connectionId: string;
  readonly #client: HubClient;
  readonly #identities: Identities;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #known = new Map<string, Entry>();
  readonly #making = new Map<string, Promise<Result<null>>>();
  readonly #queue: (() => void)[] = [];
  readonly #absent = new Set<string>();
  #creating = 0;
  #createFailures = 0;
  #createPausedUntil = 0;

  constructor({ connectionId, client, identities, log, now }: IdentitySyncOptions) {
    this.#connectionId = connectionId;
    this.#client = client;
    this.#identities = identities;
    this.#log = log;
    this.#now = now;
  }

  /** Ready to send as this device. A value, not a promise, in the common case: the identity is known and named. */
  ensure(device: Device, nameSync: boolean): Result<null> | Promise<Result<null>> {
    const entry = this.#known.get(device.id);
    if (entry !== undefined) {
      if (this.#wantsName(entry, device, nameSync) && this.#now() >= entry.nameRetryAt)
        this.#writeNameAside(device, entry);
      return succeed(null);
    }
    let making = this.#making.get(device.id);
    if (making === undefined) {
      making = this.#make(device, nameSync).finally(() => this.#making.delete(device.id));
      this.#making.set(device.id, making);
    }
    return making;
  }

  /** The hub says that the identity is gone: the next event makes it anew. */
  async vanished(deviceId: string): Promise<void> {
    if (this.#known.get(deviceId)?.generationId === UNSEEN) this.#absent.add(deviceId);
    this.#known.delete(deviceId);
    await this.#identities.forgetIdentity(this.#connectionId, deviceId);
    this.#log.warn({ deviceId, connectionId: this.#connectionId }, "identity.vanished");
  }

  /** After a rename: writes the name if the device has an identity here. */
  async renamed(device: Device): Promise<void> {
    const stored = this.#known.get(device.id) ?? (await this.#identities.identity(this.#connectionId, device.id));
    if (stored === null || stored === undefined) return;
    const entry: Entry = { ...stored, nameFailures: 0, nameRetryAt: 0 };
    this.#remember(device.id, entry);
    if (this.#wantsName(entry, device, true)) await this.#writeName(device, entry);
  }

  async #make(device: Device, nameSync: boolean): Promise<Result<null>> {
    const stored = await this.#identities.identity(this.#connectionId, device.id);
    if (stored !== null) {
      const entry: Entry = { ...stored, nameFailures: 0, nameRetryAt: 0 };
      this.#remember(device.id, entry);
      if (this.#wantsName(entry, device, nameSync)) this.#writeNameAside(device, entry);
      return succeed(null);
    }
    const created = await this.#create(device.id);
    if (!created.ok) return this.#withoutRegistry(device, created.failure);
    const { identity, created: fresh } = created.value;
    if (identity.status === "disabled") return fail("device_disabled", `Device ${device.id} is disabled in the hub.`);
    const entry: Entry = { generationId: identity.generationId, nameWritten: null, nameFailures: 0, nameRetryAt: 0 };
    await this.#identities.saveIdentity(this.#connectionId, device.id, entry);
    this.#remember(device.id, entry);
    this.#log.info(
      { deviceId: device.id, connectionId: this.#connectionId },
      fresh ? "identity.created" : "identity.adopted",
    );
    // A reader of the first message expects the name beside it; a hub that is slow about it must not hold the message.
    if (device.name !== null) await this.#atMost(3_000, this.#writeName(device, entry));
    return succeed(null);
  }

  /** A policy that may not create can still send for identities that others made; known devices never wait for the registry. */
  async #withoutRegistry(device: Device, failure: Failure): Promise<Result<null>> {
    if (failure.code === "throttled") {
      this.#createFailures += 1;
      this.#createPausedUntil = this.#now() + backoffMs(CREATE_RETRY, this.#createFailures);
      return fail("create_throttled", failure.message, { notBefore: this.#createPausedUntil });
    }
    // Over REST a hub answers 401 to a wrong key and to a missing permission alike; the send tells them apart.
    if (failure.code !== "permission_missing" && failure.code !== "key_refused") return { ok: false, failure };
    const found = await this.#client.getIdentity(device.id);
    const absent = found.ok ? found.value === null : this.#absent.has(device.id);
    if (absent) return fail("create_not_permitted", failure.message);
    const generationId = found.ok && found.value !== null ? found.value.generationId : UNSEEN;
    this.#remember(device.id, { generationId, nameWritten: null, nameFailures: 0, nameRetryAt: 0 });
    return succeed(null);
  }

  async #create(deviceId: string): ReturnType<HubClient["createIdentity"]> {
    if (this.#now() < this.#createPausedUntil) {
      return fail("create_throttled", "The hub limits how fast identities are created.", {
        notBefore: this.#createPausedUntil,
      });
    }
    if (this.#creating >= MAX_CREATING) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#creating += 1;
    try {
      const result = await this.#client.createIdentity(deviceId);
      if (result.ok) this.#createFailures = 0;
      return result;
    } finally {
      this.#creating -= 1;
      this.#queue.shift()?.();
    }
  }

  #wantsName(entry: KnownIdentity, device: Device, nameSync: boolean): boolean {
    return device.name !== null && device.name !== entry.nameWritten && (nameSync || entry.nameWritten === null);
  }

  #writeNameAside(device: Device, entry: Entry): void {
    this.#writeName(device, entry).catch((error: unknown) => {
      this.#log.warn({ deviceId: device.id, reason: String(error) }, "identity.name_not_recorded");
    });
  }

  async #writeName(device: Device, entry: Entry): Promise<void> {
    // Set before the write, so that events meanwhile do not start another.
    this.#remember(device.id, { ...entry, nameRetryAt: Number.POSITIVE_INFINITY });
    const written = await this.#client.patchDesired(device.id, { deviceName: device.name });
    if (written.ok) {
      const named = { generationId: entry.generationId, nameWritten: device.name };
      this.#remember(device.id, { ...named, nameFailures: 0, nameRetryAt: 0 });
      await this.#identities.saveIdentity(this.#connectionId, device.id, named);
      return;
    }
    const nameFailures = entry.nameFailures + 1;
    const nameRetryAt = this.#now() + backoffMs(NAME_RETRY, nameFailures);
    this.#remember(device.id, { ...entry, nameFailures, nameRetryAt });
    const { code, message } = written.failure;
    this.#log.warn(
      { deviceId: device.id, connectionId: this.#connectionId, code, reason: message },
      "identity.name_not_written",
    );
  }

  #remember(deviceId: string, entry: Entry): void {
    if (this.#known.size >= MAX_KNOWN && !this.#known.has(deviceId)) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(deviceId, entry);
  }

  async #atMost(ms: number, work: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([work, late]);
    clearTimeout(timer);
  }
}
