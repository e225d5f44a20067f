/** The command `certificates`: a CA and device certificates for trying X.509, as PEM files. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isDeviceId } from "iot-hub-protocol";
import type { Validity } from "../tls/certificate.ts";
import { CertificateCommandError, fileNameOf, readAuthority, writeCertificate } from "./certificate-files.ts";

export { CertificateCommandError };

const DAY_MS = 24 * 3600_000;
const MAX_DAYS = 36_500;

const HELP = `Usage: iot-hub-emulator certificates ca --out FOLDER [--name NAME] [--ca FOLDER] [--days N]
       iot-hub-emulator certificates device DEVICE_ID[/MODULE_ID] --ca FOLDER --out FOLDER [--days N]
       iot-hub-emulator certificates self-signed DEVICE_ID[/MODULE_ID] --out FOLDER [--days N]

Makes X.509 certificates with EC P-256 keys, as PEM files. Nothing is ever overwritten.

  ca            A certificate authority: ca.pem, ca-key.pem; with --ca an intermediate one below that, and ca-chain.pem.
                Devices it vouches for are let in after  iot-hub-emulator --device-ca FOLDER/ca.pem
  device        A certificate of such a CA for a device whose authentication type is certificateAuthority:
                ID.pem, ID-key.pem, ID-chain.pem (the certificate and its issuers: give this to clients).
  self-signed   A certificate of its own for a device whose authentication type is selfSigned: ID.pem, ID-key.pem;
                prints the thumbprints to register.

  --days N      How long it is valid; default 3650 for a CA, 365 otherwise, and never longer than its CA.
  --name NAME   Common name of the CA.
`;

interface Call {
  readonly id: string | undefined;
  readonly out: string;
  readonly ca: string | undefined;
  readonly name: string | undefined;
  readonly days: number | undefined;
}

const COMMANDS: Readonly<Record<string, (call: Call) => Promise<string>>> = {
  ca: makeAuthority,
  device: makeDevice,
  "self-signed": makeSelfSigned,
};

/** Runs the command; returns what it says. Throws `CertificateCommandError`. */
export async function certificates(args: readonly string[]): Promise<string> {
  const { values, positionals } = parse(args);
  const [name, id, ...rest] = positionals;
  if (values.help === true || name === undefined) return HELP;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw wrong(`There is no certificates ${name}.`);
  if (rest.length > 0) throw wrong(`${rest.join(" ")} is too much.`);
  if (values.out === undefined) throw wrong("--out says which folder the files go to.");
  return command({ id, out: values.out, ca: values.ca, name: values.name, days: daysOf(values.days) });
}

async function makeAuthority({ id, out, ca, name = "IoT Hub emulator device CA", days = 3650 }: Call): Promise<string> {
  if (id !== undefined) throw wrong(`A CA has no device id; its name is given as --name ${id}`);
  const { issueAuthority } = await import("../tls/certificate.ts");
  const above = ca === undefined ? undefined : await readAuthority(ca);
  const issued = await issueAuthority(name, validFor(days, above?.expiresAt), above);
  const files = await writeCertificate(out, "ca", issued, above?.chain);
  return `Certificate authority "${name}":
  ${files.certificate}
  ${files.privateKey} (keep it to yourself)
Let in the devices it vouches for:
  iot-hub-emulator --device-ca ${files.certificate}
Make a certificate for a device:
  iot-hub-emulator certificates device DEVICE_ID --ca ${out} --out devices
`;
}

async function makeDevice({ id, out, ca, days = 365 }: Call): Promise<string> {
  const name = requireId(id);
  if (ca === undefined) throw wrong("--ca names the folder of the CA; make one with: certificates ca --out FOLDER");
  const { issueDevice } = await import("../tls/certificate.ts");
  const authority = await readAuthority(ca);
  const issued = await issueDevice(name, validFor(days, authority.expiresAt), authority);
  const files = await writeCertificate(out, fileNameOf(name), issued, authority.chain);
  return `Certificate for ${name}:
  ${files.chain} (with its issuers: what the device shows)
  ${files.certificate}
  ${files.privateKey}
Register the device with the authentication type certificateAuthority, and start the hub with
  iot-hub-emulator --device-ca ${join(ca, "ca.pem")}
`;
}

async function makeSelfSigned({ id, out, days = 365 }: Call): Promise<string> {
  const name = requireId(id);
  const { issueDevice } = await import("../tls/certificate.ts");
  const issued = await issueDevice(name, validFor(days));
  const files = await writeCertificate(out, fileNameOf(name), issued);
  const { fingerprint, fingerprint256 } = new X509Certificate(issued.certificate);
  return `Certificate for ${name}:
  ${files.certificate}
  ${files.privateKey}
Register the device with the authentication type selfSigned and one of these as its primary thumbprint:
  SHA-1    ${fingerprint.replaceAll(":", "")}
  SHA-256  ${fingerprint256.replaceAll(":", "")}
`;
}

function parse(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

const OPTIONS = {
  out: { type: "string" },
  ca: { type: "string" },
  name: { type: "string" },
  days: { type: "string" },
  help: { type: "boolean" },
} as const;

function requireId(id: string | undefined): string {
  const [deviceId = "", moduleId = "m", ...rest] = (id ?? "").split("/");
  if (id !== undefined && isDeviceId(deviceId) && isDeviceId(moduleId) && rest.length === 0) return id;
  throw wrong(id === undefined ? "A device id is needed." : `${id} is neither DEVICE_ID nor DEVICE_ID/MODULE_ID.`);
}

function daysOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_DAYS) throw wrong(`--days must be a number from 1 to ${MAX_DAYS}.`);
  return days;
}

// A day back, for hubs whose clock is behind.
function validFor(days: number, atMost: number = Number.POSITIVE_INFINITY): Validity {
  const now = Date.now();
  return { from: new Date(now - DAY_MS), until: new Date(Math.min(now + days * DAY_MS, atMost)) };
}

function wrong(message: string): CertificateCommandError {
  return new CertificateCommandError(`${message}\nSee: iot-hub-emulator certificates --help`);
}
