/** What a client may say about an identity: read strictly from its document, then applied to what the registry holds. */
import { isDeviceId } from "iot-hub-protocol";
import { HubError } from "../errors.ts";
import type { AuthenticationType, DeviceAuthentication } from "./identity.ts";
import { generateKey } from "../access/policies.ts";

/** What a client may set. Absent fields take their default at creation and stay as they are on update. */
export interface IdentityFields {
  readonly status?: "enabled" | "disabled";
  readonly statusReason?: string | null;
  readonly capabilities?: { readonly iotEdge: boolean };
  readonly authentication?: AuthenticationFields;
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
  readonly managedBy?: string;
}

interface AuthenticationFields {
  readonly type: AuthenticationType;
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
}

/** Refuses what is no device id. */
export function requireDeviceId(text: unknown): string {
  return requireId(text, "device");
}

/** Refuses what is no module id. */
export function requireModuleId(text: unknown): string {
  return requireId(text, "module");
}

/** Reads the settable fields of a module's document. */
export function parseModuleFields(document: unknown): IdentityFields {
  const { authentication, managedBy } = requireObject(document, "The module");
  return {
    ...(isAbsent(authentication) ? {} : { authentication: authenticationOf(authentication) }),
    ...(isAbsent(managedBy) ? {} : { managedBy: textOf(managedBy, "managedBy") }),
  };
}

/** Reads the settable fields of a device's document; fields the hub owns are ignored, as the service does. */
export function parseIdentityFields(document: unknown): IdentityFields {
  const source = requireObject(document, "The identity");
  const { status, statusReason, capabilities, authentication, deviceScope, parentScopes } = source;
  return {
    ...(isAbsent(status) ? {} : { status: oneOf(status, ["enabled", "disabled"], "status") }),
    ...(statusReason === undefined ? {} : { statusReason: statusReasonOf(statusReason) }),
    ...(isAbsent(capabilities) ? {} : { capabilities: capabilitiesOf(capabilities) }),
    ...(isAbsent(authentication) ? {} : { authentication: authenticationOf(authentication) }),
    ...(isAbsent(deviceScope) ? {} : { deviceScope: textOf(deviceScope, "deviceScope") }),
    ...(isAbsent(parentScopes) ? {} : { parentScopes: textsOf(parentScopes, "parentScopes") }),
  };
}

/** The authentication of an identity after a request: missing keys are kept, or generated where there are none. */
export function resolveAuthentication(
  fields: AuthenticationFields | undefined,
  current: DeviceAuthentication | undefined,
): DeviceAuthentication {
  if (fields === undefined && current !== undefined) return current;
  const type = fields?.type ?? "sas";
  const keys = current?.symmetricKey;
  const thumbprints = current?.x509Thumbprint;
  return {
    type,
    symmetricKey:
      type === "sas"
        ? {
            primaryKey: fields?.primaryKey ?? keys?.primaryKey ?? generateKey(),
            secondaryKey: fields?.secondaryKey ?? keys?.secondaryKey ?? generateKey(),
          }
        : { primaryKey: null, secondaryKey: null },
    x509Thumbprint:
      type === "selfSigned"
        ? {
            primaryThumbprint: fields?.primaryThumbprint ?? thumbprints?.primaryThumbprint ?? null,
            secondaryThumbprint: fields?.secondaryThumbprint ?? thumbprints?.secondaryThumbprint ?? null,
          }
        : { primaryThumbprint: null, secondaryThumbprint: null },
  };
}

// Modules go by the same characters as devices.
function requireId(text: unknown, what: "device" | "module"): string {
  if (typeof text === "string" && isDeviceId(text)) return text;
  throw invalid(`A ${what} id has 1 to 128 letters, digits or characters of - : . + % _ # * ? ! ( ) , = @ ; $ '`);
}

const AUTHENTICATION_TYPES = ["sas", "selfSigned", "certificateAuthority", "none"] as const;
const MAX_STATUS_REASON = 128;

function authenticationOf(value: unknown): AuthenticationFields {
  const source = requireObject(value, "authentication");
  const keys = isAbsent(source["symmetricKey"]) ? {} : requireObject(source["symmetricKey"], "symmetricKey");
  const prints = isAbsent(source["x509Thumbprint"]) ? {} : requireObject(source["x509Thumbprint"], "x509Thumbprint");
  const thumbprints = {
    ...given("primaryThumbprint", prints, thumbprintOf),
    ...given("secondaryThumbprint", prints, thumbprintOf),
  };
  // Older clients send thumbprints or keys without a type.
  const implied = Object.keys(thumbprints).length > 0 ? "selfSigned" : "sas";
  const type = isAbsent(source["type"]) ? implied : oneOf(source["type"], AUTHENTICATION_TYPES, "authentication.type");
  if (type === "selfSigned" && Object.keys(thumbprints).length === 0) {
    throw invalid("A selfSigned authentication needs a thumbprint.");
  }
  return { type, ...given("primaryKey", keys, keyOf), ...given("secondaryKey", keys, keyOf), ...thumbprints };
}

/** One field of an object, when it has a value: clients send empty strings for "let the hub decide". */
function given<K extends string>(
  name: K,
  source: Readonly<Record<string, unknown>>,
  read: (value: unknown, name: string) => string,
): { readonly [P in K]?: string } {
  const value = source[name];
  return isAbsent(value) || value === "" ? {} : ({ [name]: read(value, name) } as { [P in K]: string });
}

function keyOf(value: unknown, name: string): string {
  const text = textOf(value, name);
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64").length : 0;
  if (text.length % 4 !== 0 || bytes < 16 || bytes > 64) throw invalid(`${name} must be base64 of 16 to 64 bytes.`);
  return text;
}

function thumbprintOf(value: unknown, name: string): string {
  const text = textOf(value, name);
  if (!/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(text))
    throw invalid(`${name} must be 40 or 64 hexadecimal digits.`);
  return text.toUpperCase();
}

function capabilitiesOf(value: unknown): { iotEdge: boolean } {
  const { iotEdge } = requireObject(value, "capabilities");
  if (iotEdge !== undefined && typeof iotEdge !== "boolean") throw invalid("capabilities.iotEdge must be a boolean.");
  return { iotEdge: iotEdge ?? false };
}

function statusReasonOf(value: unknown): string | null {
  if (value === null || value === "") return null;
  const text = textOf(value, "statusReason");
  if (text.length > MAX_STATUS_REASON) throw invalid(`statusReason has at most ${MAX_STATUS_REASON} characters.`);
  return text;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(`${name} must be a string.`);
  return value;
}

function textsOf(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value)) throw invalid(`${name} must be an array of strings.`);
  return value.map((item) => textOf(item, name));
}

// The service writes enum values in varying case; clients send them back as they read them.
function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found =
    typeof value === "string" ? allowed.find((item) => item.toLowerCase() === value.toLowerCase()) : undefined;
  if (found === undefined) throw invalid(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

/** Refuses what is no JSON object. */
export function requireObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} must be a JSON object.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
