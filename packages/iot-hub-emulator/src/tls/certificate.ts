/**
 * Makes X.509 certificates (RFC 5280) with EC P-256 keys: a root that signs, and server certificates it signed. They carry
 * the key identifiers and usages that strict verifiers (Python 3.13 among them) ask for.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import * as asn1 from "./der.ts";

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 PEM. */
  readonly privateKey: string;
}

export interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

const ECDSA_WITH_SHA256 = asn1.sequence(asn1.objectId("1.2.840.10045.4.3.2"));
const COMMON_NAME = "2.5.4.3";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const EXTENSIONS = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const;
// Key usage bits: digitalSignature is the first, keyCertSign and cRLSign the sixth and seventh.
const SIGNS_DATA = asn1.bitString(Buffer.from([0x80]), 7);
const SIGNS_CERTIFICATES = asn1.bitString(Buffer.from([0x06]), 1);

/** A self-signed root that may sign server certificates and nothing below. */
export function issueRoot(commonName: string, validity: Validity): IssuedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    extension("basicConstraints", true, asn1.sequence(asn1.boolean(true), asn1.integer(Buffer.from([0])))),
    extension("keyUsage", true, SIGNS_CERTIFICATES),
    extension("subjectKeyIdentifier", false, asn1.octetString(keyIdentifier(publicKey))),
  ];
  return issue({ commonName, validity, issuer: { commonName, privateKey }, privateKey, publicKey, extensions });
}

/** A server certificate for these DNS names and IP addresses. */
export function issueServer(names: readonly string[], validity: Validity, issuer: Issuer): IssuedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = keyIdentifier(createPublicKey(issuer.privateKey));
  const extensions = [
    extension("basicConstraints", true, asn1.sequence()),
    extension("keyUsage", true, SIGNS_DATA),
    extension("extendedKeyUsage", false, asn1.sequence(asn1.objectId(SERVER_AUTH))),
    extension("subjectAlternativeName", false, asn1.sequence(...names.map(alternativeName))),
    extension("subjectKeyIdentifier", false, asn1.octetString(keyIdentifier(publicKey))),
    extension("authorityKeyIdentifier", false, asn1.sequence(asn1.implicit(0, authority))),
  ];
  return issue({ commonName: names[0] ?? "localhost", validity, issuer, privateKey, publicKey, extensions });
}

interface Request {
  readonly commonName: string;
  readonly validity: Validity;
  readonly issuer: Issuer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function issue({ commonName, validity, issuer, privateKey, publicKey, extensions }: Request): IssuedCertificate {
  const version3 = asn1.explicit(0, asn1.integer(Buffer.from([2])));
  const unsigned = asn1.sequence(
    version3,
    asn1.integer(serialNumber()),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer.commonName),
    asn1.sequence(asn1.time(validity.from), asn1.time(validity.until)),
    distinguishedName(commonName),
    publicKey.export({ type: "spki", format: "der" }),
    asn1.explicit(3, asn1.sequence(...extensions)),
  );
  const signature = asn1.bitString(sign("sha256", unsigned, issuer.privateKey));
  return {
    certificate: pem("CERTIFICATE", asn1.sequence(unsigned, ECDSA_WITH_SHA256, signature)),
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function distinguishedName(commonName: string): Buffer {
  return asn1.sequence(asn1.set(asn1.sequence(asn1.objectId(COMMON_NAME), asn1.utf8String(commonName))));
}

function extension(name: keyof typeof EXTENSIONS, critical: boolean, value: Buffer): Buffer {
  const id = asn1.objectId(EXTENSIONS[name]);
  const content = asn1.octetString(value);
  return critical ? asn1.sequence(id, asn1.boolean(true), content) : asn1.sequence(id, content);
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? asn1.implicit(2, Buffer.from(name, "ascii")) : asn1.implicit(7, addressOctets(name));
}

function addressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [left, right] = [groups(head), groups(tail)];
  const middle = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, "0")).join(""), "hex");
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function pem(label: string, contents: Buffer): string {
  const lines = contents.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
