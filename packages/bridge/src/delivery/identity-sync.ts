/**
 * Makes sure that a device has its identity in a hub before the first message, and that the twin knows its name.
 *
 * An identity is created on demand, once; what is known is kept in memory and in the store. The name is written at
 * creation and after a rename; when that fails, telemetry goes on and the name is tried again with a later event.
 */
import type { Clock } from "../core/clock.ts";
import type { Device } from "../core/device.ts";
import { fail, succeed, type Failure, type FailureCode, type Result } from "../core/failure.ts";
import type { HubClient } from "../core/hub-client.ts";
import type { Identities, KnownIdentity } from "../core/identities.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "./backoff.ts";
import { IdentityCreation } from "./identity-creation.ts";
import { NameSync } from "./name-sync.ts";

const MAX_KNOWN = 200_000;
/** How long a first message waits for its device's name. */
const NAME_FIRST_MS = 3_000;
/** Generation of an identity that the policy may neither create nor read: believed to exist until a send says no. */
const UNSEEN = "";

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

/** The identities of one hub connection. */
export class IdentitySync {
  readonly #options: IdentitySyncOptions;
  readonly #creation: IdentityCreation;
  readonly #names: NameSync;
  readonly #known = new Map<string, KnownIdentity>();
  readonly #making = new Map<string, Promise<Result<null>>>();
  /** A send found no identity where the policy cannot look. */
  readonly #absent = new Set<string>();

  constructor(options: IdentitySyncOptions) {
    this.#options = options;
    this.#creation = new IdentityCreation(options);
    this.#names = new NameSync({ ...options, onWritten: (...written) => this.#named(...written) });
  }

  /** Whether the device can send; else `make` comes first. A value, not a promise, when memory knows. */
  isKnown(device: Device, nameSync: boolean): boolean | Promise<boolean> {
    const known = this.#known.get(device.id);
    if (known === undefined) return this.#isStored(device, nameSync);
    this.#writeNameAside(device, known, nameSync);
    return true;
  }

  /** Creates or adopts the device's identity and gives it its name; asked twice, it is made once. */
  make(device: Device): Promise<Result<null>> {
    let making = this.#making.get(device.id);
    if (making === undefined) {
      making = this.#make(device).finally(() => this.#making.delete(device.id));
      this.#making.set(device.id, making);
    }
    return making;
  }

  /** The hub says that the identity is gone: the next event makes it anew. */
  async vanished(deviceId: string): Promise<void> {
    const { connectionId, identities, log } = this.#options;
    if (this.#known.get(deviceId)?.generationId === UNSEEN) this.#absent.add(deviceId);
    this.#known.delete(deviceId);
    this.#names.forget(deviceId);
    await identities.forgetIdentity(connectionId, deviceId);
    log.warn({ deviceId, connectionId }, "identity.vanished");
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
    const { connectionId, identities, log } = this.#options;
    const made = await this.#creation.create(device.id);
    if (!made.ok) return this.#withoutRegistry(device.id, made.failure);
    const { identity, created } = made.value;
    if (identity.status === "disabled") return fail("device_disabled", `Device ${device.id} is disabled in the hub.`);
    const known = { generationId: identity.generationId, nameWritten: null };
    await identities.saveIdentity(connectionId, device.id, known);
    this.#remember(device.id, known);
    log.info({ deviceId: device.id, connectionId }, created ? "identity.created" : "identity.adopted");
    if (device.name !== null) await this.#nameFirst(device.id, known.generationId, device.name);
    return succeed(null);
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
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(NAME_FIRST_MS, resolve);
    });
    await Promise.race([this.#names.write(deviceId, generationId, name), late]);
    cancel();
  }

  #writeNameAside(device: Device, { generationId, nameWritten }: KnownIdentity, nameSync: boolean): void {
    const { id, name } = device;
    if (name === null || name === nameWritten || (nameWritten !== null && !nameSync)) return;
    if (this.#names.mayWrite(id)) void this.#names.write(id, generationId, name);
  }

  async #named(deviceId: string, generationId: string, nameWritten: string | null): Promise<void> {
    // The identity may be another one by now, or gone: that one's twin knows no name yet.
    if (this.#known.get(deviceId)?.generationId !== generationId) return;
    const named = { generationId, nameWritten };
    this.#remember(deviceId, named);
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
