/** How a device proves that an enrollment is meant for it: read strictly from its document, kept, and shown again. */
import { X509Certificate, randomBytes } from "node:crypto";
import { hasDates } from "../hub/access/certificate-chain.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { ProvisioningError } from "./errors.ts";

export interface SymmetricKeyAttestation {
  readonly type: "symmetricKey";
  /** Base64. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** `clientCertificates` are devices' own, `signingCertificates` issued them (PEM); `caReferences` are names of the hub's authorities. */
export interface X509Attestation {
  readonly type: "x509";
  readonly kind: "clientCertificates" | "signingCertificates" | "caReferences";
  readonly primary: string;
  readonly secondary?: string;
}

export type Attestation = SymmetricKeyAttestation | X509Attestation;

/** Which kinds of X.509 attestation an enrollment of one device, or of a group of them, may have. */
const X509_KINDS = {
  individual: ["clientCertificates", "caReferences"],
  group: ["signingCertificates", "caReferences"],
} as const;

type EnrollmentKind = keyof typeof X509_KINDS;

/** Reads an attestation; keys that are missing are kept from `current`, or made. Throws `ProvisioningError`. */
export function parseAttestation(document: unknown, kind: EnrollmentKind, current?: Attestation): Attestation {
  const source = requireObject(document, "attestation");
  switch (source["type"]) {
    case "symmetricKey":
      return symmetricKey(source["symmetricKey"] ?? {}, current);
    case "x509":
      return x509(requireObject(source["x509"], "attestation.x509"), kind, current);
    case "tpm":
      throw new ProvisioningError("NotImplemented", "TPM attestation: not implemented by this emulator.");
    default:
      throw bad("attestation.type must be symmetricKey or x509.");
  }
}

/** The attestation as services read it. Keys are shown only when asked for. */
export function formatAttestation(attestation: Attestation, { withKeys }: { readonly withKeys: boolean }): object {
  if (attestation.type === "symmetricKey") {
    const { primaryKey, secondaryKey } = attestation;
    return { type: "symmetricKey", ...(withKeys ? { symmetricKey: { primaryKey, secondaryKey } } : {}) };
  }
  const { kind, primary, secondary } = attestation;
  const show = (text: string): unknown => (kind === "caReferences" ? text : formatCertificate(text, withKeys));
  const pair = { primary: show(primary), ...(secondary === undefined ? {} : { secondary: show(secondary) }) };
  return { type: "x509", x509: { [kind]: pair } };
}

function symmetricKey(document: unknown, current: Attestation | undefined): SymmetricKeyAttestation {
  const { primaryKey, secondaryKey } = requireObject(document, "attestation.symmetricKey");
  const kept = current?.type === "symmetricKey" ? current : undefined;
  return {
    type: "symmetricKey",
    primaryKey: keyOf(primaryKey, "primaryKey") ?? kept?.primaryKey ?? newKey(),
    secondaryKey: keyOf(secondaryKey, "secondaryKey") ?? kept?.secondaryKey ?? newKey(),
  };
}

function x509(
  source: Readonly<Record<string, unknown>>,
  enrollment: EnrollmentKind,
  current: Attestation | undefined,
): X509Attestation {
  const allowed = X509_KINDS[enrollment];
  const kind = allowed.find((name) => source[name] !== undefined && source[name] !== null);
  if (kind === undefined) throw bad(`attestation.x509 needs ${allowed.join(" or ")}.`);
  const { primary, secondary } = requireObject(source[kind], kind);
  const kept = current?.type === "x509" && current.kind === kind ? current : undefined;
  const read = kind === "caReferences" ? nameOf : certificateOf;
  const first = read(primary, `${kind}.primary`) ?? kept?.primary;
  if (first === undefined) throw bad(`${kind} needs primary.`);
  const second = read(secondary, `${kind}.secondary`);
  return { type: "x509", kind, primary: first, ...(second === undefined ? {} : { secondary: second }) };
}

/** Base64 of 64 bytes, as the service makes them. */
function newKey(): string {
  return randomBytes(64).toString("base64");
}

function keyOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const isBase64 = typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
  const bytes = isBase64 ? Buffer.from(value, "base64").length : 0;
  if (!isBase64 || bytes < 16 || bytes > 64) throw bad(`symmetricKey.${name} must be base64 of 16 to 64 bytes.`);
  return value;
}

function nameOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw bad(`${name} must be the name of a certificate.`);
  return value;
}

// Clients send PEM, its base64, or base64 of DER; what they read without the certificate they may send back.
function certificateOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const { certificate } = requireObject(value, name);
  if (certificate === undefined || certificate === null) return undefined;
  if (typeof certificate !== "string") throw bad(`${name}.certificate must be a certificate in PEM.`);
  try {
    const bytes = certificate.includes("-----BEGIN") ? certificate : Buffer.from(certificate, "base64");
    const parsed = new X509Certificate(bytes);
    if (hasDates(parsed)) return parsed.toString();
    throw new RangeError("The dates are none.");
  } catch (cause) {
    const message = `${name}.certificate must be a certificate in PEM, or the base64 of one.`;
    throw new ProvisioningError("BadRequest", message, { cause });
  }
}

function formatCertificate(pem: string, withText: boolean): object {
  const certificate = new X509Certificate(pem);
  const info = {
    subjectName: oneLine(certificate.subject),
    sha1Thumbprint: certificate.fingerprint.replaceAll(":", ""),
    sha256Thumbprint: certificate.fingerprint256.replaceAll(":", ""),
    issuerName: oneLine(certificate.issuer),
    notBeforeUtc: new Date(certificate.validFrom).toISOString(),
    notAfterUtc: new Date(certificate.validTo).toISOString(),
    serialNumber: certificate.serialNumber,
    version: 3,
  };
  return { ...(withText ? { certificate: pem } : {}), info };
}

function oneLine(name: string): string {
  return name.split("\n").toReversed().join(", ");
}

function bad(message: string): ProvisioningError {
  return new ProvisioningError("BadRequest", message);
}
