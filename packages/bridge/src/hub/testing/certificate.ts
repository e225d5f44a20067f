/** A self-signed server certificate for one test (RFC 5280, EC P-256), trusted by naming it as its own authority. */
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";

export interface TestCertificate {
  /** PEM, to be trusted by the client. */
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

export interface TestCertificateOptions {
  readonly dnsName?: string;
  readonly from?: Date;
  readonly until?: Date;
}

const DAY = 86_400_000;
const COMMON_NAME = "2.5.4.3";
const ECDSA_WITH_SHA256 = new asn1.AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });

export function makeTestCertificate({
  dnsName = "localhost",
  from = new Date(Date.now() - DAY),
  until = new Date(Date.now() + DAY),
}: TestCertificateOptions = {}): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const tbsCertificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: Uint8Array.of(0x40, ...randomBytes(8)).buffer,
    signature: ECDSA_WITH_SHA256,
    issuer: distinguishedName(dnsName),
    validity: new asn1.Validity({ notBefore: from, notAfter: until }),
    subject: distinguishedName(dnsName),
    subjectPublicKeyInfo: AsnConvert.parse(spki, asn1.SubjectPublicKeyInfo),
    extensions: new asn1.Extensions([alternativeNames(dnsName)]),
  });
  const signatureValue = sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey);
  const certificate = new asn1.Certificate({
    tbsCertificate,
    signatureAlgorithm: ECDSA_WITH_SHA256,
    signatureValue: Uint8Array.from(signatureValue).buffer,
  });
  const cert = new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
  return { ca: cert, cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

function distinguishedName(commonName: string): asn1.Name {
  const value = new asn1.AttributeValue({ utf8String: commonName });
  return new asn1.Name([
    new asn1.RelativeDistinguishedName([new asn1.AttributeTypeAndValue({ type: COMMON_NAME, value })]),
  ]);
}

function alternativeNames(dnsName: string): asn1.Extension {
  const names = new asn1.SubjectAlternativeName([
    new asn1.GeneralName({ dNSName: dnsName }),
    new asn1.GeneralName({ iPAddress: "127.0.0.1" }),
  ]);
  return new asn1.Extension({
    extnID: asn1.id_ce_subjectAltName,
    extnValue: new OctetString(AsnConvert.serialize(names)),
  });
}
