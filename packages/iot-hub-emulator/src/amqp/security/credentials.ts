/**
 * The tokens of one connection. A link is opened by the token that covers it most closely and lives as long as that token;
 * putting a new token for the same resource renews it.
 */
import type { X509Certificate } from "node:crypto";
import type { Hub } from "../../hub/hub.ts";
import { CLOCK_SKEW_MS, type Principal } from "../../hub/access/authentication.ts";
import { HubError } from "../../hub/errors.ts";
import type { DeviceIdentity } from "../../hub/registry/identity.ts";

/** Something that ends when the token that carries it expires. */
export interface Dependent {
  expire(): void;
}

/** A token that was accepted, and what it carries. */
export interface Grant {
  principal: Principal;
  /** Unix milliseconds. */
  expiresAt: number;
  readonly dependents: Set<Dependent>;
}

export class Credentials {
  readonly #hub: Hub;
  readonly #limit: number;
  readonly #certificates: readonly X509Certificate[];
  readonly #grants = new Map<string, Grant>();

  /** `certificates` are those of the connection: they vouch for the device that no token is for. */
  constructor(hub: Hub, limit: number, certificates: readonly X509Certificate[] = []) {
    this.#hub = hub;
    this.#limit = limit;
    this.#certificates = certificates;
  }

  get size(): number {
    return this.#grants.size;
  }

  /** Keeps a principal, replacing the one for the same resource. Throws `IotHubMaxCbsTokenExceeded`. */
  add(principal: Principal): void {
    const key = keyOf(principal);
    const now = this.#hub.now();
    // A token that was late already is good for as long as clocks may differ.
    const expiresAt = principal.expiresAt > now ? principal.expiresAt : principal.expiresAt + CLOCK_SKEW_MS;
    const known = this.#grants.get(key);
    if (known !== undefined) {
      known.principal = principal;
      known.expiresAt = expiresAt;
      return;
    }
    if (this.#grants.size >= this.#limit) {
      throw new HubError("IotHubMaxCbsTokenExceeded", `A connection carries at most ${this.#limit} tokens.`);
    }
    this.#grants.set(key, { principal, expiresAt, dependents: new Set() });
  }

  /**
   * The grant that lets this connection act as a device or module: a token's, else the connection's certificate, which is
   * looked at only now because only now the device is named. Throws what `Hub.requireDevice` throws.
   */
  forDevice(deviceId: string, moduleId?: string): { readonly grant: Grant; readonly identity: DeviceIdentity } {
    try {
      return this.#byToken(deviceId, moduleId);
    } catch (refusal) {
      if (this.#certificates.length === 0) throw refusal;
      const known = this.#grants.size > 0;
      try {
        this.add(this.#hub.authenticateCertificate(this.#certificates, deviceId, moduleId));
      } catch (error) {
        throw known ? refusal : error;
      }
      return this.#byToken(deviceId, moduleId);
    }
  }

  #byToken(deviceId: string, moduleId?: string): { readonly grant: Grant; readonly identity: DeviceIdentity } {
    const path = `devices/${deviceId}`;
    const encoded = `devices/${encodeURIComponent(deviceId)}`;
    const modules = moduleId === undefined ? [] : [`${path}/modules/${moduleId}`];
    return this.#first([...modules, path, encoded, "devices", ""], (grant) => ({
      grant,
      identity: this.#hub.requireDevice(grant.principal, deviceId, moduleId),
    }));
  }

  /** The grant that lets this connection read events at `{entity}/…`. Throws `IotHubUnauthorizedAccess`. */
  forEvents(path: string): Grant {
    const segments = path.toLowerCase().split("/");
    const keys = segments.map((_, i) => `sb:${segments.slice(0, segments.length - i).join("/")}`);
    return this.#first([...keys, "sb:", "messages/events", ""], (grant) => {
      this.#hub.requirePermission(grant.principal, "ServiceConnect", "/messages/events");
      return grant;
    });
  }

  /** The grant that lets this connection use a service endpoint, e.g. `/messages/devicebound`. Throws `IotHubUnauthorizedAccess`. */
  forService(path: string): Grant {
    const segments = path.split("/").slice(1);
    const keys = segments.map((_, i) => segments.slice(0, segments.length - i).join("/"));
    return this.#first([...keys, ""], (grant) => {
      this.#hub.requirePermission(grant.principal, "ServiceConnect", path);
      return grant;
    });
  }

  /** Ends what is carried by tokens that expired or whose key is no longer the policy's. Costs one step per token. */
  expire(now: number): void {
    for (const [key, grant] of this.#grants) {
      if (grant.expiresAt > now && this.#hub.holdsKey(grant.principal)) continue;
      this.#grants.delete(key);
      for (const dependent of grant.dependents) dependent.expire();
    }
  }

  // The most telling refusal is the first one: it comes from the token that is closest.
  #first<T>(keys: readonly string[], use: (grant: Grant) => T): T {
    let refusal: unknown;
    for (const key of keys) {
      const grant = this.#grants.get(key);
      if (grant === undefined) continue;
      try {
        return use(grant);
      } catch (error) {
        refusal ??= error;
      }
    }
    throw refusal ?? new HubError("IotHubUnauthorizedAccess", "No token on this connection covers the resource.");
  }
}

/** Resource of a principal without scheme and host; Event Hubs resources are told apart by `sb:`. */
function keyOf(principal: Principal): string {
  if (principal.kind === "device") {
    const device = `devices/${principal.deviceId}`;
    return principal.moduleId === undefined ? device : `${device}/modules/${principal.moduleId}`;
  }
  const events = /^sb:\/\/[^/]*\/?(.*)$/i.exec(principal.resource);
  if (events !== null) return `sb:${(events[1] ?? "").toLowerCase()}`;
  return principal.resource.split("/").slice(1).join("/");
}
