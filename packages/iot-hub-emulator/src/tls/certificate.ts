/**
 * Makes X.509 certificates (RFC 5280) with EC P-256 keys: authorities, and certificates of servers and devices. They carry
 * the key identifiers and usages that strict verifiers (Python 3.13 among them) ask for.
 */
// The library finds its algorithms by decorators, and those need this first.
import "reflect-metadata";
import { KeyObject, createPrivateKey, webcrypto } from "node:crypto";
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
/** What a kept issuer may sign with, by the names OpenSSL has for curves. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

interface Request {
  readonly commonName: string;
  readonly validity: Validity;
  /** Besides the key identifiers, which every certificate has. */
  readonly extensions: readonly x509.Extension[];
  /** Absent: the certificate signs itself. */
  readonly issuer?: IssuedCertificate;
}

/** A self-signed root that may sign certificates of servers and devices and nothing below. */
export async function issueRoot(commonName: string, validity: Validity): Promise<IssuedCertificate> {
  return issue({ commonName, validity, extensions: authorityExtensions(0) });
}

/** An authority for devices: a root, or an intermediate one when there is an issuer. Further ones may be below it. */
export async function issueAuthority(
  commonName: string,
  validity: Validity,
  issuer?: IssuedCertificate,
): Promise<IssuedCertificate> {
  return issue({ commonName, validity, extensions: authorityExtensions(), ...(issuer && { issuer }) });
}

/** A server certificate for these DNS names and IP addresses. */
export async function issueServer(
  names: readonly string[],
  validity: Validity,
  issuer: IssuedCertificate,
): Promise<IssuedCertificate> {
  const extensions = [
    ...leafExtensions(x509.ExtendedKeyUsage.serverAuth),
    new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
  ];
  return issue({ commonName: names[0] ?? "localhost", validity, extensions, issuer });
}

/** A device's certificate; without an issuer it signs itself and is known by its thumbprint. */
export async function issueDevice(
  commonName: string,
  validity: Validity,
  issuer?: IssuedCertificate,
): Promise<IssuedCertificate> {
  const extensions = leafExtensions(x509.ExtendedKeyUsage.clientAuth);
  return issue({ commonName, validity, extensions, ...(issuer && { issuer }) });
}

async function issue({ commonName, validity, extensions, issuer }: Request): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
  // As UTF-8 whatever it holds: the library would read a leading # as hexadecimal.
  const subject = new x509.Name([{ CN: [{ utf8String: commonName }] }]);
  const root = issuer && new x509.X509Certificate(issuer.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: root?.subjectName ?? subject,
    notBefore: validity.from,
    notAfter: validity.until,
    publicKey: keys.publicKey,
    signingKey: issuer === undefined ? keys.privateKey : await signingKey(issuer.privateKey),
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(root === undefined ? [] : [await authorityKeyIdentifier(root)]),
    ],
  });
  const privateKey = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { certificate: `${certificate.toString("pem")}\n`, privateKey: privateKey as string };
}

function authorityExtensions(pathLength?: number): readonly x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

function leafExtensions(usage: x509.ExtendedKeyUsage): readonly x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  ];
}

// An issuer need not be of our making: RSA and the larger curves sign too.
async function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem);
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithm =
    curve === undefined ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } : { name: "ECDSA", namedCurve: curve };
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  return await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
}

// Taken over, not computed anew: it must equal the root's own, however that was made (RFC 5280 4.2.1.1).
async function authorityKeyIdentifier(root: x509.X509Certificate): Promise<x509.Extension> {
  const own = root.getExtension(x509.SubjectKeyIdentifierExtension);
  return own === null
    ? await x509.AuthorityKeyIdentifierExtension.create(root.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(own.keyId);
}

function alternativeName(name: string): x509.JsonGeneralName {
  if (isIP(name) === 0) return { type: "dns", value: name };
  // The library reads an IPv6 address in groups of hexadecimal digits only, which is how a URL spells it.
  return { type: "ip", value: isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name };
}
