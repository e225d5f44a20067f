/**
 * Who is connected. An identity has one live connection, whatever its protocol: a newer one ends the older. A connection
 * counts as Connected from its first message or subscription, as the service counts.
 */
import type { Principal } from "../access/authentication.ts";
import { HubError } from "../errors.ts";
import { identityKey, identityLabel, refOf } from "../registry/identity.ts";
import type { DeviceIdentity, IdentityRef } from "../registry/identity.ts";
import type { Presence, PresenceRecord } from "./presence.ts";
import { notRegistered } from "../registry/registry.ts";
import type { RegistryChange } from "../registry/registry.ts";

/** Made by a front, one for each identity and network connection. */
export interface DeviceConnection {
  readonly protocol: "mqtt" | "amqp";
  /** By what it may act now; a connection without it outlives a change of its identity's keys. */
  readonly principal?: Principal;
  /** The hub ends it: a newer connection of the same identity, identity deleted or disabled, key changed, scripted fault. */
  close(reason: HubError): void;
}

export interface OpenConnection {
  /** Published or subscribed: marks Connected the first time, moves lastActivityTime. Cheap: called per message. */
  active(): void;
  /** The connection is gone (idempotent). */
  closed(): void;
}

export type ConnectionState = "Connected" | "Disconnected";
type StateListener = (ref: IdentityRef, state: ConnectionState) => void;

export interface ConnectionsOptions {
  readonly presence: Presence;
  readonly now: () => number;
  /** Throws a `HubError` when the principal may not, or no longer, act as the identity. */
  readonly requireStanding: (principal: Principal, ref: IdentityRef) => DeviceIdentity;
}

/** One live connection of an identity. */
interface Live {
  readonly identity: DeviceIdentity;
  readonly connection: DeviceConnection;
  readonly presence: PresenceRecord;
}

export class Connections {
  readonly #byKey = new Map<string, Live>();
  /** Keys of the connected modules of each device that has any. */
  readonly #modules = new Map<string, Set<string>>();
  readonly #listeners = new Set<StateListener>();
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byKey.size;
  }

  /**
   * Registers a connection and ends the identity's older one. A front may have waited since it authenticated: a connection
   * that is no longer allowed is ended at once, though not before this returns.
   */
  open(identity: DeviceIdentity, connection: DeviceConnection): OpenConnection {
    const key = identityKey(identity);
    const older = this.#byKey.get(key);
    if (older !== undefined) this.#end(key, older, replaced(identity));
    const live: Live = { identity, connection, presence: this.#options.presence.record(identity) };
    this.#byKey.set(key, live);
    if (identity.moduleId !== undefined) addTo(this.#modules, identity.deviceId, key);
    const refusal = this.#standing(live);
    if (refusal !== undefined) queueMicrotask(() => this.#end(key, live, refusal));
    const { now } = this.#options;
    return {
      active: () => {
        if (this.#byKey.get(key) !== live) return;
        live.presence.activeAt = now();
        if (!live.presence.isConnected) this.#enter(live, "Connected");
      },
      closed: () => this.#remove(key, live),
    };
  }

  find(ref: IdentityRef): DeviceConnection | undefined {
    return this.#byKey.get(identityKey(ref))?.connection;
  }

  *values(): Generator<{ readonly ref: IdentityRef; readonly connection: DeviceConnection }> {
    for (const { identity, connection } of this.#byKey.values()) yield { ref: refOf(identity), connection };
  }

  /** Calls back when an identity becomes Connected or Disconnected; returns the unsubscribe function. Listeners must not throw. */
  onChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the connections that a change of the registry leaves without a ground. */
  follow(change: RegistryChange): void {
    const { deviceId, moduleId } = change.identity;
    const modules = moduleId === undefined ? [...(this.#modules.get(deviceId) ?? [])] : [];
    for (const key of [identityKey(change.identity), ...modules]) {
      const live = this.#byKey.get(key);
      const refusal = live === undefined ? undefined : this.#refusal(live, change);
      if (live !== undefined && refusal !== undefined) this.#end(key, live, refusal);
    }
    if (change.kind === "deleted") this.#options.presence.forget(change.identity);
  }

  #refusal(live: Live, { kind, identity: changed }: RegistryChange): HubError | undefined {
    if (kind === "deleted") return notRegistered(changed);
    if (changed.status === "disabled") {
      return new HubError("DeviceDisabled", `${identityLabel({ deviceId: changed.deviceId })} is disabled.`);
    }
    return this.#standing(live);
  }

  #standing({ identity, connection }: Live): HubError | undefined {
    if (connection.principal === undefined) return undefined;
    try {
      const { generationId } = this.#options.requireStanding(connection.principal, identity);
      return generationId === identity.generationId ? undefined : notRegistered(identity);
    } catch (error) {
      return error instanceof HubError ? error : undefined;
    }
  }

  #end(key: string, live: Live, reason: HubError): void {
    if (this.#byKey.get(key) !== live) return;
    this.#remove(key, live);
    live.connection.close(reason);
  }

  #remove(key: string, live: Live): void {
    if (this.#byKey.get(key) !== live) return;
    this.#byKey.delete(key);
    const modules = this.#modules.get(live.identity.deviceId);
    if (modules?.delete(key) === true && modules.size === 0) this.#modules.delete(live.identity.deviceId);
    if (!live.presence.isConnected) return;
    this.#enter(live, "Disconnected");
    this.#options.presence.keep(live.identity);
  }

  #enter({ identity, presence }: Live, state: ConnectionState): void {
    presence.isConnected = state === "Connected";
    presence.changedAt = this.#options.now();
    const ref = refOf(identity);
    for (const listener of this.#listeners) listener(ref, state);
  }
}

function replaced(identity: DeviceIdentity): HubError {
  return new HubError(
    "ConnectionForcefullyClosedOnNewConnection",
    `${identityLabel(identity)} connected again; an identity has one connection at a time.`,
  );
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
