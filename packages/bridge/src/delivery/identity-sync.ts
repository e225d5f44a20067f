/**
 * Makes sure that a device has its identity in a hub before the first message, and that the twin knows its name.
 *
 * An identity is created on demand, once; what is known is kept in memory and in the store. The name is written at
 * creation and after a rename; when that fails, telemetry goes on and the name is tried again with a later event.
 */
import { endsWithin, type Clock } from "../core/clock.ts";
import type { Device } from "../core/device.ts";
import { fail, succeed, type Failure, type FailureCode, type Result } from "../core/failure.ts";
import type { HubClient } from "../core/hub-client.ts";
import type { Identities, IdentityOrigin, KnownIdentity } from "../core/identities.ts";
import type { Log } from "../core/log.ts";
import { endOfUtcDay, utcDay } from "../core/utc-day.ts";
import type { Random } from "../core/backoff.ts";
import { NameSync } from "./name-sync.ts";
import { RegistryPace } from "./registry-pace.ts";

const MAX_KNOWN = 200_000;
/** How long a first message waits for its device's name. */
const NAME_FIRST_MS = 3_000;
/** Generation of an identity that the policy may neither create nor read: believed to exist until a send says no. */
const UNSEEN = "";
/** An identity that somebody keeps deleting is made again so often in a day (UTC). */
const RECREATIONS = 3;
/** Devices whose losses an operator has forgiven, at most. */
const MAX_FORGIVEN = 10_000;

/** Refusals after which a device can be sent for all the same, when somebody else has made its identity. */
const WITHOUT_REGISTRY: ReadonlySet<FailureCode> = new Set([
  "permission_missing",
  "key_refused",
  "entra_refused",
  "entra_role_missing",
  "entra_unreachable",
]);

export interface IdentitySyncOptions {
  readonly connectionId: string;
  readonly client: HubClient;
  readonly identities: Identities;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The identities of one hub connection. A device's `id` is here its id in the hub, which a prefix may set apart from its
 * own.
 */
export class IdentitySync {
  readonly #options: IdentitySyncOptions;
  readonly #registry: RegistryPace;
  readonly #names: NameSync;
  readonly #known = new Map<string, KnownIdentity>();
  readonly #making = new Map<string, Promise<Result<null>>>();
  /** A send found no identity where the policy cannot look. */
  readonly #absent = new Set<string>();
  readonly #forgiven = new Set<string>();

  constructor(options: IdentitySyncOptions) {
    this.#options = options;
    this.#registry = new RegistryPace(options);
    this.#names = new NameSync({ ...options, onWritten: (...written) => this.#named(...written) });
  }

  /** Whether the device can send; else `make` comes first. A value, not a promise, when memory knows. */
  isKnown(device: Device, nameSync: boolean): boolean | Promise<boolean> {
    const known = this.#known.get(device.id);
    if (known === undefined) return this.#isStored(device, nameSync);
    this.#writeNameAside(device, known, nameSync);
    return true;
  }

  /** Why names are not written, while they are not. */
  get namesFailure(): Failure | null {
    return this.#names.failure;
  }

  /**
   * Creates or adopts the device's identity and gives it its name; asked twice, it is made once. Without `create` only an
   * identity that is there already will do.
   */
  make(device: Device, create: boolean = true): Promise<Result<null>> {
    const key = create ? device.id : `${device.id} as it is`;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = (create ? this.#make(device) : this.#find(device)).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return making;
  }

  /** The hub says that the identity is gone: the next event makes it anew, but not for ever. */
  async vanished(deviceId: string): Promise<void> {
    const { connectionId, identities, log } = this.#options;
    const known = this.#known.get(deviceId);
    this.#known.delete(deviceId);
    this.#names.forget(deviceId);
    if (known?.generationId === UNSEEN) {
      this.#absent.add(deviceId);
      return;
    }
    const losses = await identities.identityLost(connectionId, deviceId, this.#day());
    log.warn({ deviceId, connectionId, generationId: known?.generationId, losses }, "identity.vanished");
  }

  /** Somebody has changed what is kept of it: it is read anew. */
  forget(deviceId: string): void {
    this.#known.delete(deviceId);
    this.#absent.delete(deviceId);
  }

  /** Somebody wants it tried again: what was lost today counts no more for the next try. */
  forgive(deviceId: string): void {
    if (this.#forgiven.size < MAX_FORGIVEN) this.#forgiven.add(deviceId);
  }

  /** After a rename: writes the name if the device has an identity here. */
  async renamed(device: Device): Promise<void> {
    const { connectionId, identities } = this.#options;
    const known = this.#known.get(device.id) ?? (await identities.identity(connectionId, device.id));
    if (known === null) return;
    this.#remember(device.id, known);
    // Whether an earlier name is being written just now does not matter: writes of a device go one after the other.
    if (device.name !== null) await this.#names.write(device.id, known.generationId, device.name);
  }

  async #isStored(device: Device, nameSync: boolean): Promise<boolean> {
    const stored = await this.#options.identities.identity(this.#options.connectionId, device.id);
    if (stored === null) return false;
    this.#remember(device.id, stored);
    this.#writeNameAside(device, stored, nameSync);
    return true;
  }

  async #make(device: Device): Promise<Result<null>> {
    const { client, connectionId, identities, log } = this.#options;
    const losses = await identities.identityLosses(connectionId, device.id, this.#day());
    if (losses > RECREATIONS && !this.#forgiven.delete(device.id)) return this.#givenUp(device.id, losses);
    const made = await this.#registry.run(() => client.createIdentity(device.id));
    if (!made.ok) return this.#withoutRegistry(device.id, made.failure);
    const { identity, created } = made.value;
    const { generationId } = identity;
    if (identity.status === "disabled") return disabled(device.id);
    const how = created ? (losses > 0 ? "identity.recreated" : "identity.created") : "identity.adopted";
    log.info({ deviceId: device.id, connectionId, generationId, losses }, how);
    return this.#take(device, { generationId, origin: created ? "made" : "adopted" });
  }

  /** Takes the identity if somebody has made it. */
  async #find(device: Device): Promise<Result<null>> {
    const { client, connectionId, log } = this.#options;
    const found = await this.#registry.run(() => client.getIdentity(device.id));
    if (!found.ok) {
      // Where the policy cannot look, only a send shows whether the identity is there; asked every other time.
      const mayNotLook = found.failure.code === "permission_missing" || found.failure.code === "key_refused";
      if (!mayNotLook) return found;
      if (this.#absent.delete(device.id)) return notCreated(device.id);
      this.#remember(device.id, { generationId: UNSEEN, nameWritten: null });
      return succeed(null);
    }
    if (found.value === null) return notCreated(device.id);
    if (found.value.status === "disabled") return disabled(device.id);
    log.info({ deviceId: device.id, connectionId, generationId: found.value.generationId }, "identity.adopted");
    return this.#take(device, { generationId: found.value.generationId, origin: "adopted" });
  }

  async #take(
    device: Device,
    taken: { readonly generationId: string; readonly origin: IdentityOrigin },
  ): Promise<Result<null>> {
    const { connectionId, identities } = this.#options;
    const known = { ...taken, nameWritten: null };
    await identities.saveIdentity(connectionId, device.id, known);
    this.#remember(device.id, known);
    if (device.name !== null) await this.#nameFirst(device.id, taken.generationId, device.name);
    return succeed(null);
  }

  #givenUp(deviceId: string, losses: number): Result<null> {
    const notBefore = endOfUtcDay(this.#options.clock.now());
    const message = `The identity of ${deviceId} was deleted in the hub ${losses} times today.`;
    return fail("identity_keeps_vanishing", message, { notBefore });
  }

  #day(): string {
    return utcDay(this.#options.clock.now());
  }

  /** A policy that may not create can still send for identities that others made. */
  async #withoutRegistry(deviceId: string, failure: Failure): Promise<Result<null>> {
    // Over REST a hub answers 401 to a wrong key and to a missing permission alike; the send tells them apart.
    if (!WITHOUT_REGISTRY.has(failure.code)) return { ok: false, failure };
    const found = await this.#options.client.getIdentity(deviceId);
    // Forgotten once told, so that every other try asks the hub by a send: somebody else may have made the identity.
    const absent = found.ok ? found.value === null : this.#absent.delete(deviceId);
    if (absent)
      return failure.code.startsWith("entra_") ? { ok: false, failure } : fail("create_not_permitted", failure.message);
    const generationId = found.ok && found.value !== null ? found.value.generationId : UNSEEN;
    this.#remember(deviceId, { generationId, nameWritten: null });
    return succeed(null);
  }

  // A reader of the first message expects the name beside it; a hub that is slow about it must not hold the message.
  async #nameFirst(deviceId: string, generationId: string, name: string): Promise<void> {
    await endsWithin(this.#options.clock, NAME_FIRST_MS, this.#names.write(deviceId, generationId, name));
  }

  #writeNameAside(device: Device, { generationId, nameWritten }: KnownIdentity, nameSync: boolean): void {
    const { id, name } = device;
    if (name === null || name === nameWritten || (nameWritten !== null && !nameSync)) return;
    if (this.#names.mayWrite(id)) void this.#names.write(id, generationId, name);
  }

  async #named(deviceId: string, generationId: string, nameWritten: string | null): Promise<void> {
    // The identity may be another one by now, or gone: that one's twin knows no name yet.
    const known = this.#known.get(deviceId);
    if (known?.generationId !== generationId) return;
    const named = { ...known, nameWritten };
    this.#remember(deviceId, named);
    // What is only believed to exist is not written down.
    if (generationId === UNSEEN) return;
    await this.#options.identities.saveIdentity(this.#options.connectionId, deviceId, named);
  }

  #remember(deviceId: string, known: KnownIdentity): void {
    if (this.#known.size >= MAX_KNOWN && !this.#known.has(deviceId)) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(deviceId, known);
  }
}

function disabled(deviceId: string): Result<null> {
  return fail("device_disabled", `Device ${deviceId} is disabled in the hub.`);
}

function notCreated(deviceId: string): Result<null> {
  return fail("identity_not_created", `The hub has no identity ${deviceId}, and the integration makes none.`);
}
