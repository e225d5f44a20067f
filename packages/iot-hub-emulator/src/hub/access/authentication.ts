/**
 * Who sends a request. A shared access signature names a resource and, with `skn`, a policy; without it the key is that
 * of the device in the resource. Host names in tokens are replaced by the hub's own, because clients reach a local hub by
 * several names and ports.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { parseSharedAccessSignature, verifySignature, withoutTrailingSlashes } from "iot-hub-protocol";
import type { KeyEncoding, SharedAccessSignature } from "iot-hub-protocol";
import { hasRegisteredThumbprint } from "./certificate-chain.ts";
import { HubError } from "../errors.ts";
import type { DeviceIdentity, IdentityRef } from "../registry/identity.ts";
import { entityNotFound } from "../events/streams.ts";
import type { Permission, Policies } from "./policies.ts";
import type { MessageAuthentication } from "../events/telemetry.ts";

/** Clocks of devices may be this far behind or ahead. */
export const CLOCK_SKEW_MS: number = 5 * 60_000;

export type Principal = PolicyPrincipal | DevicePrincipal;

export interface PolicyPrincipal {
  readonly kind: "policy";
  readonly policyName: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The policy's key that signed, which must still be one of its keys. */
  readonly key: string;
  /** `{hub host}[/path]`, percent-decoded once; for Event Hubs tokens `sb://{hub host}/{entity}[/path]`. */
  readonly resource: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** A device or module, by its own key or certificate. It stands as long as its identity has that. */
export type DevicePrincipal = {
  readonly kind: "device";
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Of the identity that signed in: an identity created again under the same id is another one. */
  readonly generationId: string;
  /** Of the token or the certificate, unix milliseconds. */
  readonly expiresAt: number;
} & (
  | { readonly authentication: "sas"; readonly key: string }
  | { readonly authentication: "x509"; readonly certificate: X509Certificate }
);

/** What a principal's messages are stamped with. */
export function messageAuthentication(principal: Principal): MessageAuthentication {
  if (principal.kind === "policy") return { scope: "hub", type: "sas" };
  return { scope: principal.moduleId === undefined ? "device" : "module", type: principal.authentication };
}

export interface AuthenticationContext {
  readonly hostName: string;
  /** Other names by which clients may call this hub, lower case. */
  readonly hostNames: ReadonlySet<string>;
  /** Whether there is an event stream of this name. */
  readonly hasEventHub: (name: string) => boolean;
  readonly policies: Pick<Policies, "get">;
  readonly findIdentity: (deviceId: string, moduleId?: string) => DeviceIdentity | undefined;
  readonly now: () => number;
}

/**
 * Verifies a token's form, resource, expiry and signature; throws `IotHubUnauthorizedAccess`, or `AmqpAddressNotFound` for an
 * event hub that is not there. `client` is who the request or connection says it is.
 */
export function authenticate(
  context: AuthenticationContext,
  text: string,
  keyEncoding: KeyEncoding = "base64",
  client?: IdentityRef,
): Principal {
  const token = parseSharedAccessSignature(text);
  if (token === undefined) throw unauthorized("The authorization is not a shared access signature.");
  const resource = hubResource(context, token, keyEncoding);
  const expiresAt = token.expiry * 1000;
  if (expiresAt + CLOCK_SKEW_MS <= context.now()) throw unauthorized("The shared access signature has expired.");
  return token.policyName === undefined
    ? deviceOf(context, token, resource, expiresAt, client)
    : policyOf(context, token, resource, expiresAt, keyEncoding);
}

/**
 * A policy by its bare key, as Event Hubs clients show it; it reads events and stands as long as the connection. Throws
 * `IotHubUnauthorizedAccess`.
 */
export function authenticateKey(context: AuthenticationContext, policyName: string, key: string): Principal {
  const policy = context.policies.get(policyName);
  const keys = policy === undefined ? [] : [policy.primaryKey, policy.secondaryKey];
  if (policy === undefined || !keys.some((known) => timingSafeEqual(digest(known), digest(key)))) {
    throw unauthorized("The policy is unknown or the key is not its own.");
  }
  const { name, permissions } = policy;
  const resource = `sb://${context.hostName}`;
  return { kind: "policy", policyName: name, permissions, key, resource, expiresAt: Number.POSITIVE_INFINITY };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Whether a decoded path segment of a resource names this id; clients encode ids once, twice or not at all. */
export function namesId(segment: string | undefined, id: string): boolean {
  return segment !== undefined && (segment === id || decoded(segment) === id);
}

export function unauthorized(message: string): HubError {
  return new HubError("IotHubUnauthorizedAccess", message);
}

function hubResource(context: AuthenticationContext, token: SharedAccessSignature, keyEncoding: KeyEncoding): string {
  // Go's module client encodes the whole resource twice.
  const text = token.resource.includes("/") ? token.resource : (decoded(token.resource) ?? "");
  const parts = /^(?:([a-z]+):\/\/)?(\[[^\]]*\]|[^/:]*)(?::\d+)?(\/.*)?$/is.exec(text);
  const host = parts?.[2]?.toLowerCase() ?? "";
  if (!context.hostNames.has(host) && host !== context.hostName.toLowerCase()) {
    throw unauthorized("The shared access signature is for another host.");
  }
  const path = withoutTrailingSlashes(parts?.[3] ?? "");
  if (keyEncoding === "base64") return context.hostName + path;
  return `sb://${context.hostName}${path}`;
}

function policyOf(
  context: AuthenticationContext,
  token: SharedAccessSignature,
  resource: string,
  expiresAt: number,
  keyEncoding: KeyEncoding,
): Principal {
  const policy = context.policies.get(token.policyName ?? "");
  const keys = policy === undefined ? [] : [policy.primaryKey, policy.secondaryKey];
  const key = keys.find((known) => verifySignature(token, known, keyEncoding));
  if (policy === undefined || key === undefined) {
    throw unauthorized("The policy is unknown or its key does not match the signature.");
  }
  const entity = keyEncoding === "text" ? (resource.split("/")[3] ?? "") : "";
  if (entity !== "" && !context.hasEventHub(entity)) {
    throw entityNotFound(entity, "the hub has no event hub of this name");
  }
  return { kind: "policy", policyName: policy.name, permissions: policy.permissions, key, resource, expiresAt };
}

// An unknown device and a wrong key read alike, so that ids cannot be guessed.
function deviceOf(
  context: AuthenticationContext,
  token: SharedAccessSignature,
  resource: string,
  expiresAt: number,
  client: IdentityRef | undefined,
): Principal {
  for (const [deviceId, moduleId] of namedBy(resource, client)) {
    const identity = context.findIdentity(deviceId, moduleId);
    const { primaryKey, secondaryKey } = identity === undefined ? NO_KEYS : identity.authentication.symmetricKey;
    for (const key of [primaryKey, secondaryKey]) {
      if (identity === undefined || key === null || !verifySignature(token, key)) continue;
      const { generationId } = identity;
      const module = identity.moduleId === undefined ? {} : { moduleId: identity.moduleId };
      return { kind: "device", authentication: "sas", deviceId, ...module, generationId, key, expiresAt };
    }
  }
  throw unauthorized("The device or module is unknown or its key does not match the signature.");
}

/** Whether the identity still has what a device's principal signed in by. */
export function holdsCredential({ authentication }: DeviceIdentity, principal: DevicePrincipal): boolean {
  const { type, symmetricKey, x509Thumbprint } = authentication;
  if (principal.authentication === "sas") {
    return [symmetricKey.primaryKey, symmetricKey.secondaryKey].includes(principal.key);
  }
  return type === "certificateAuthority" || hasRegisteredThumbprint(principal.certificate, x509Thumbprint);
}

const NO_KEYS = { primaryKey: null, secondaryKey: null };

/**
 * The identities that `{hub}/devices/{d}[/modules/{m}]` may mean. Some old tools append a segment of their own. Go's clients
 * sign for the whole hub or for `{hub}/{d}` with a device's key, which then is that of the client.
 */
function* namedBy(
  resource: string,
  client: IdentityRef | undefined,
): Generator<readonly [deviceId: string, moduleId?: string]> {
  const [, devices, device = "", modules, module = ""] = resource.split("/");
  if (client !== undefined && (devices === undefined || resource.split("/")[1] === client.deviceId)) {
    yield client.moduleId === undefined ? [client.deviceId] : [client.deviceId, client.moduleId];
  }
  if (devices !== "devices") return;
  for (const deviceId of readings(device)) {
    if (modules !== "modules") yield [deviceId];
    else for (const moduleId of readings(module)) yield [deviceId, moduleId];
  }
}

function readings(segment: string): ReadonlySet<string> {
  return new Set([segment, decoded(segment) ?? segment]);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
