/** Judges X.509 certificates that a client shows. Pure: the verification of RFC 5280 as far as device certificates need it. */
import type { X509Certificate } from "node:crypto";
import type { DeviceAuthentication } from "../registry/identity.ts";

export function isValidAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo);
}

/** Whether its dates can be read at all: a certificate may be made with any bytes there. */
export function hasDates({ validFrom, validTo }: X509Certificate): boolean {
  return !Number.isNaN(Date.parse(validFrom) + Date.parse(validTo));
}

/**
 * Whether `certificates` (leaf first, intermediates in any order) lead to one of the authorities, by names, signatures and
 * validity at `now`. An authority need not be a root.
 */
export function chainsTo(
  authorities: readonly X509Certificate[],
  certificates: readonly X509Certificate[],
  now: number,
): boolean {
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined || !isValidAt(leaf, now)) return false;
  let rest: readonly X509Certificate[] = intermediates;
  // Each intermediate is followed once, so that certificates made to sign each other cost no more than others.
  const reached = [leaf];
  for (const certificate of reached) {
    const signs = (issuer: X509Certificate): boolean => isValidAt(issuer, now) && isSignedBy(certificate, issuer);
    if (authorities.some(signs)) return true;
    const found = rest.filter(signs);
    reached.push(...found);
    rest = rest.filter((issuer) => !found.includes(issuer));
  }
  return false;
}

/** The subject's common name, when it has exactly one. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return typeof name === "string" ? name : undefined;
}

/** Whether the certificate is one of those an identity registered. */
export function hasRegisteredThumbprint(
  certificate: X509Certificate,
  { primaryThumbprint, secondaryThumbprint }: DeviceAuthentication["x509Thumbprint"],
): boolean {
  const registered = [primaryThumbprint, secondaryThumbprint];
  return registered.some((print) => print !== null && hasThumbprint(certificate, print));
}

/** Whether a thumbprint (SHA-1 or SHA-256 in hexadecimal digits) is this certificate's. */
function hasThumbprint(certificate: X509Certificate, thumbprint: string): boolean {
  const wanted = thumbprint.toUpperCase();
  return [certificate.fingerprint, certificate.fingerprint256].some((own) => own.replaceAll(":", "") === wanted);
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of a kind that cannot verify this signature.
    return false;
  }
}
