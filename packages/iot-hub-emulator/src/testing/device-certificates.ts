/** Certificates of devices for tests. Not part of the published package. */
import { X509Certificate } from "node:crypto";
import { issueAuthority, issueDevice } from "../tls/certificate.ts";
import type { IssuedCertificate, Validity } from "../tls/certificate.ts";

export type { IssuedCertificate };

const DAY_MS = 24 * 3600_000;

/** From yesterday until some days from now (default 30). */
function validFor(days = 30): Validity {
  return { from: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + days * DAY_MS) };
}

export function makeAuthority(name: string, issuer?: IssuedCertificate): Promise<IssuedCertificate> {
  return issueAuthority(name, validFor(), issuer);
}

/** Its own issuer when none is given. */
export function makeDeviceCertificate(name: string, issuer?: IssuedCertificate): Promise<IssuedCertificate> {
  return issueDevice(name, validFor(), issuer);
}

/** What a device registers of its own certificate: `sha1` or `sha256`, in hexadecimal digits. */
export function thumbprintOf({ certificate }: IssuedCertificate, hash: "sha1" | "sha256" = "sha1"): string {
  const read = new X509Certificate(certificate);
  return (hash === "sha1" ? read.fingerprint : read.fingerprint256).replaceAll(":", "");
}

/** Leaf first, as a hub gets them. */
export function chainOf(...issued: readonly IssuedCertificate[]): readonly X509Certificate[] {
  return issued.map(({ certificate }) => new X509Certificate(certificate));
}
