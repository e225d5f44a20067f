/** Which enrollment a device comes by: its own, or the first group whose secret or authority vouches for it. */
import { X509Certificate, createHmac } from "node:crypto";
import { parseSharedAccessSignature, verifySignature } from "iot-hub-protocol";
import { CLOCK_SKEW_MS } from "../hub/access/authentication.ts";
import type { CertificateAuthorities } from "../hub/access/certificate-authorities.ts";
import { chainsTo, commonNameOf, isValidAt } from "../hub/access/certificate-chain.ts";
import type { IdentityFields } from "../hub/registry/identity-fields.ts";
import type { SymmetricKeyAttestation, X509Attestation } from "./attestation.ts";
import type { Enrollment } from "./enrollment.ts";
import type { Enrollments } from "./enrollments.ts";
import { ProvisioningError } from "./errors.ts";
import { registrationKey } from "./ids.ts";

/** Who a device says it is, and what it shows for it. */
export interface Caller {
  readonly idScope: string;
  readonly registrationId: string;
  /** A shared access signature for `{idScope}/registrations/{registrationId}`. */
  readonly token?: string;
  /** Leaf first. */
  readonly certificates: readonly X509Certificate[];
}

export interface SignedIn {
  readonly enrollment: Enrollment;
  /** What the device signs in with at its hub from then on. */
  readonly authentication: NonNullable<IdentityFields["authentication"]>;
}

export interface SignInContext {
  readonly individuals: Enrollments;
  readonly groups: Enrollments;
  readonly authorities: CertificateAuthorities;
  readonly now: () => number;
}

/** Throws `ProvisioningError`. An unknown device and a wrong secret read alike, so that ids cannot be guessed. */
export function signIn(context: SignInContext, caller: Caller): SignedIn {
  if (caller.token === undefined && caller.certificates.length === 0) {
    throw unauthorized("There is neither a shared access signature nor a client certificate.");
  }
  const own = context.individuals.find(caller.registrationId);
  const candidates = own === undefined ? context.groups.values() : [own];
  for (const enrollment of candidates) {
    const authentication = prove(context, enrollment, caller);
    if (authentication === undefined) continue;
    if (enrollment.provisioningStatus === "disabled") throw unauthorized("The enrollment is disabled.");
    return { enrollment, authentication };
  }
  throw unauthorized("No enrollment knows the device, or its key or certificate does not match.");
}

/** The key of one device of a group: what the group's key signs of its registration id. */
function deriveDeviceKey(groupKey: string, registrationId: string): string {
  return createHmac("sha256", Buffer.from(groupKey, "base64")).update(registrationId, "utf8").digest("base64");
}

function prove(context: SignInContext, enrollment: Enrollment, caller: Caller): SignedIn["authentication"] | undefined {
  const { attestation } = enrollment;
  if (attestation.type === "symmetricKey") return proveByKey(context, attestation, enrollment.kind, caller);
  return caller.token === undefined ? proveByCertificate(context, attestation, caller) : undefined;
}

function proveByKey(
  { now }: SignInContext,
  { primaryKey, secondaryKey }: SymmetricKeyAttestation,
  kind: Enrollment["kind"],
  { idScope, registrationId, token: text }: Caller,
): SignedIn["authentication"] | undefined {
  const token = text === undefined ? undefined : parseSharedAccessSignature(text);
  if (token === undefined) return undefined;
  const [scope = "", registrations, id = "", ...rest] = token.resource.split("/");
  if (scope !== idScope || registrations !== "registrations" || rest.length > 0) return undefined;
  if (registrationKey(id) !== registrationKey(registrationId)) return undefined;
  if (token.expiry * 1000 + CLOCK_SKEW_MS <= now()) throw unauthorized("The shared access signature has expired.");
  // Ids ignore case but keys derived from them do not: the device may have used either form.
  const forms = kind === "group" ? [...new Set([registrationId, id, registrationKey(id)])] : [undefined];
  for (const form of forms) {
    const of = (key: string): string => (form === undefined ? key : deriveDeviceKey(key, form));
    const keys = { primaryKey: of(primaryKey), secondaryKey: of(secondaryKey) };
    if (Object.values(keys).some((key) => verifySignature(token, key))) return { type: "sas", ...keys };
  }
  return undefined;
}

function proveByCertificate(
  context: SignInContext,
  attestation: X509Attestation,
  { registrationId, certificates }: Caller,
): SignedIn["authentication"] | undefined {
  const [leaf] = certificates;
  const name = leaf && commonNameOf(leaf);
  if (leaf === undefined || name === undefined) return undefined;
  if (registrationKey(name) !== registrationKey(registrationId)) return undefined;
  const thumbprint = thumbprintOf(leaf);
  if (attestation.kind !== "clientCertificates") {
    const isIssued = chainsTo(issuersOf(context, attestation), certificates, context.now());
    return isIssued ? { type: "selfSigned", primaryThumbprint: thumbprint } : undefined;
  }
  const { primary, secondary } = attestation;
  const thumbprints = [primary, ...(secondary === undefined ? [] : [secondary])].map((pem) =>
    thumbprintOf(new X509Certificate(pem)),
  );
  if (!thumbprints.includes(thumbprint) || !isValidAt(leaf, context.now())) return undefined;
  const [primaryThumbprint = "", secondaryThumbprint] = thumbprints;
  return {
    type: "selfSigned",
    primaryThumbprint,
    ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
  };
}

function issuersOf({ authorities }: SignInContext, { kind, primary, secondary }: X509Attestation): X509Certificate[] {
  const given = [primary, ...(secondary === undefined ? [] : [secondary])];
  if (kind !== "caReferences") return given.map((pem) => new X509Certificate(pem));
  return [...authorities].filter(({ name }) => given.includes(name)).map((it) => new X509Certificate(it.certificate));
}

function thumbprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(":", "");
}

function unauthorized(message: string): ProvisioningError {
  return new ProvisioningError("Unauthorized", message);
}
