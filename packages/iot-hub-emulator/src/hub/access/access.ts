/** Who a caller is, and what it may do on the whole hub or as a device. */
import type { X509Certificate } from "node:crypto";
import type { KeyEncoding } from "iot-hub-protocol";
import { HubError } from "../errors.ts";
import { refOf } from "../registry/identity.ts";
import type { DeviceIdentity, IdentityRef } from "../registry/identity.ts";
import { notRegistered } from "../registry/registry.ts";
import type { Registry } from "../registry/registry.ts";
import {
  CLOCK_SKEW_MS,
  authenticate,
  authenticateKey,
  holdsCredential,
  namesId,
  unauthorized,
} from "./authentication.ts";
import type { AuthenticationContext, DevicePrincipal, PolicyPrincipal, Principal } from "./authentication.ts";
import { authenticateCertificate } from "./certificate-authentication.ts";
import type { CertificateAuthorities } from "./certificate-authorities.ts";
import type { Permission, Policies, SharedAccessPolicy } from "./policies.ts";

export interface AuthenticateOptions {
  readonly keyEncoding?: KeyEncoding;
  /** Other policies than the hub's own; what goes by the hub's name beside it has some. */
  readonly policies?: Pick<Policies, "get">;
  /** Who the client says it is, for a device's token that names no device. */
  readonly client?: IdentityRef;
}

export interface AccessOptions extends Omit<AuthenticationContext, "findIdentity"> {
  readonly registry: Registry;
  readonly authorities: CertificateAuthorities;
}

export class Access {
  readonly #registry: Registry;
  readonly #context: AuthenticationContext & { readonly authorities: CertificateAuthorities };

  constructor({ registry, ...context }: AccessOptions) {
    this.#registry = registry;
    this.#context = { ...context, findIdentity: (deviceId, moduleId) => registry.find(deviceId, moduleId) };
  }

  /**
   * Verifies a SAS token's signature, expiry and resource; throws `IotHubUnauthorizedAccess`. `keyEncoding` is `text` for
   * the tokens of Event Hubs clients.
   */
  authenticate(
    token: string,
    { keyEncoding = "base64", policies = this.#context.policies, client }: AuthenticateOptions = {},
  ): Principal {
    return authenticate({ ...this.#context, policies }, token, keyEncoding, client);
  }

  /** A policy by its bare key, for Event Hubs clients. Throws `IotHubUnauthorizedAccess`. */
  authenticateKey(policyName: string, key: string): Principal {
    return authenticateKey(this.#context, policyName, key);
  }

  /**
   * The device or module that a client certificate (leaf first, then intermediates) stands for: by its registered
   * thumbprint, or by an authority of this hub and its common name, `{d}` or `{d}/{m}`. Throws `IotHubUnauthorizedAccess`.
   */
  authenticateCertificate(certificates: readonly X509Certificate[], deviceId: string, moduleId?: string): Principal {
    return authenticateCertificate(this.#context, certificates, deviceId, moduleId);
  }

  /**
   * The principal may do this on the whole hub, or on `path` and all below it when one is given; else throws
   * `IotHubUnauthorizedAccess`. An Event Hubs token grants nothing but `ServiceConnect`.
   */
  requirePermission(principal: Principal, permission: Permission, path: string = ""): void {
    this.#requireLive(principal);
    if (principal.kind !== "policy" || this.#policyOf(principal)?.permissions.has(permission) !== true) {
      throw unauthorized(`The operation needs the permission ${permission}.`);
    }
    if (principal.resource.startsWith("sb://")) {
      if (permission === "ServiceConnect") return;
      throw unauthorized("An Event Hubs token can only read events.");
    }
    if (!coversPath(principal.resource, path)) {
      throw unauthorized("The shared access signature is for a smaller part of the hub.");
    }
  }

  /**
   * The principal may act as this device or module: by the module's own key, by the device's, or by a policy with
   * DeviceConnect whose resource covers it. Returns the module's identity when one is named. Throws
   * `IotHubUnauthorizedAccess`, `DeviceNotFound`, `ModuleNotFound` (told to a policy only) or `DeviceDisabled`.
   */
  requireDevice(principal: Principal, deviceId: string, moduleId?: string): DeviceIdentity {
    this.#requireLive(principal);
    const path = moduleId === undefined ? "" : `/modules/${moduleId}`;
    if (principal.kind === "device") this.#requireOwn(principal, deviceId, moduleId);
    else this.requirePermission(principal, "DeviceConnect", `/devices/${deviceId}${path}`);
    const device = this.#registry.find(deviceId);
    if (device === undefined) throw notRegistered({ deviceId });
    if (device.status === "disabled") throw new HubError("DeviceDisabled", `Device ${deviceId} is disabled.`);
    const identity = moduleId === undefined ? device : this.#registry.find(deviceId, moduleId);
    if (identity === undefined) throw notRegistered(refOf({ deviceId, moduleId }));
    return identity;
  }

  // A device's token covers its modules by prefix; a module's covers nothing but itself.
  #requireOwn(principal: DevicePrincipal, deviceId: string, moduleId?: string): void {
    const covers = principal.moduleId === undefined || principal.moduleId === moduleId;
    const signer = this.#registry.find(principal.deviceId, principal.moduleId);
    if (!covers || principal.deviceId !== deviceId || signer?.generationId !== principal.generationId) {
      throw unauthorized("The shared access signature is for another device.");
    }
    if (!holdsCredential(signer, principal)) {
      throw unauthorized("The key or certificate that signed in is no longer that of the device.");
    }
  }

  /** Whether the policy that signed still has the key that it signed with. */
  holdsKey(principal: Principal): boolean {
    return principal.kind !== "policy" || this.#policyOf(principal) !== undefined;
  }

  #requireLive(principal: Principal): void {
    if (principal.expiresAt + CLOCK_SKEW_MS <= this.#context.now())
      throw unauthorized("The shared access signature or certificate has expired.");
    if (!this.holdsKey(principal)) throw unauthorized("The key that signed is no longer that of the policy.");
  }

  #policyOf({ policyName, key }: PolicyPrincipal): SharedAccessPolicy | undefined {
    const policy = this.#context.policies.get(policyName);
    return policy?.primaryKey === key || policy?.secondaryKey === key ? policy : undefined;
  }
}

/** Whether `{host}[/path]` of a token covers a path of the hub, by whole segments. */
function coversPath(resource: string, path: string): boolean {
  const have = resource.split("/").slice(1);
  const want = path.split("/").slice(1);
  return have.length <= want.length && have.every((segment, i) => namesId(segment, want[i] ?? ""));
}
