/**
 * A self-signed server certificate for one test (RFC 5280, EC P-256), trusted by naming it as its own authority. Written
 * out in DER because the library that could make it needs a global polyfill.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

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
const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME = der(0x06, Buffer.from("550403", "hex"));
const SUBJECT_ALTERNATIVE_NAME = der(0x06, Buffer.from("551d11", "hex"));
const LOOPBACK = Buffer.from([127, 0, 0, 1]);

export function makeTestCertificate({
  dnsName = "localhost",
  from = new Date(Date.now() - DAY),
  until = new Date(Date.now() + DAY),
}: TestCertificateOptions = {}): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(dnsName)))));
  const names = sequence(der(0x82, Buffer.from(dnsName)), der(0x87, LOOPBACK));
  const unsigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(generalizedTime(from), generalizedTime(until)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(sequence(SUBJECT_ALTERNATIVE_NAME, der(0x04, names)))),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", unsigned, privateKey));
  const encoded = sequence(unsigned, ECDSA_WITH_SHA256, signature)
    .toString("base64")
    .match(/.{1,64}/g);
  const cert = `-----BEGIN CERTIFICATE-----\n${encoded?.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { ca: cert, cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

function sequence(...items: readonly Uint8Array[]): Buffer {
  return der(0x30, ...items);
}

function generalizedTime(time: Date): Buffer {
  return der(0x18, Buffer.from(`${time.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length.toString(16);
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : Buffer.from(
          (0x80 + Math.ceil(size.length / 2)).toString(16) + size.padStart(size.length + (size.length % 2), "0"),
          "hex",
        );
  return Buffer.concat([Buffer.from([tag]), length, body]);
}
