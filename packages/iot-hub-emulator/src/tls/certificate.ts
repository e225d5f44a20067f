/**
 * Makes X.509 certificates (RFC 5280) with EC P-256 keys: a root that signs, and server certificates it signed. They carry
 * the key identifiers and usages that strict verifiers (Python 3.13 among them) ask for.
 */
// The library finds its algorithms by decorators, and those need this first.
import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 PEM. */
  readonly privateKey: string;
}

export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

const EC_P256 = { name: "ECDSA", namedCurve: "P-256" };

/** A self-signed root that may sign server certificates and nothing below. */
export async function issueRoot(commonName: string, { from, until }: Validity): Promise<IssuedCertificate> {
  const keys = await makeKeys();
  const extensions = [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguishedName(commonName),
    notBefore: from,
    notAfter: until,
    keys,
    extensions,
  });
  return issued(certificate, keys);
}

/** A server certificate for these DNS names and IP addresses. */
export async function issueServer(
  names: readonly string[],
  { from, until }: Validity,
  issuer: IssuedCertificate,
): Promise<IssuedCertificate> {
  const keys = await makeKeys();
  const root = new x509.X509Certificate(issuer.certificate);
  const extensions = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await authorityKeyIdentifier(root),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: distinguishedName(names[0] ?? "localhost"),
    issuer: root.subjectName,
    notBefore: from,
    notAfter: until,
    publicKey: keys.publicKey,
    signingKey: await signingKey(issuer.privateKey),
    extensions,
  });
  return issued(certificate, keys);
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
}

async function signingKey(privateKey: string): Promise<webcrypto.CryptoKey> {
  return await webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(privateKey), EC_P256, false, ["sign"]);
}

function issued(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): IssuedCertificate {
  const privateKey = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { certificate: `${certificate.toString("pem")}\n`, privateKey: privateKey as string };
}

// Taken over, not computed anew: it must equal the root's own, however that was made (RFC 5280 4.2.1.1).
async function authorityKeyIdentifier(root: x509.X509Certificate): Promise<x509.Extension> {
  const own = root.getExtension(x509.SubjectKeyIdentifierExtension);
  return own === null
    ? await x509.AuthorityKeyIdentifierExtension.create(root.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(own.keyId);
}

function distinguishedName(commonName: string): x509.JsonName {
  return [{ CN: [commonName] }];
}

function alternativeName(name: string): x509.JsonGeneralName {
  if (isIP(name) === 0) return { type: "dns", value: name };
  // The library reads an IPv6 address in groups of hexadecimal digits only, which is how a URL spells it.
  return { type: "ip", value: isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name };
}
