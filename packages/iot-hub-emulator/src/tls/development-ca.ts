/**
 * The development CA of a Local Hub: made at first start and kept, so that a machine that trusts it once goes on doing so.
 * Its server certificate is made anew whenever it nears its end or lacks one of the names the hub is called by.
 */
import { X509Certificate, createPrivateKey, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type * as certificates from "./certificate.ts";
import type { IssuedCertificate, Validity } from "./certificate.ts";

export interface ServerCredentials {
  /** PEM of the CA that clients must trust. */
  readonly ca: string;
  /** Path of the file with that PEM. */
  readonly caFile: string;
  /** PEM of the server's certificate and private key. */
  readonly certificate: string;
  readonly privateKey: string;
}

const DAY_MS = 24 * 3600_000;
const ROOT_DAYS = 3650;
// Apple's limit for server certificates is 398 days.
const SERVER_DAYS = 390;
const RENEW_DAYS = 30;

/** Names every Local Hub has: loopback, and the host as containers call it. */
const OWN_NAMES = ["localhost", "127.0.0.1", "::1", "host.docker.internal"];

/** Loads or makes the credentials kept in `folder` (created with mode 0700) for the hub's own names and these. */
export async function openServerCredentials(
  folder: string,
  extraNames: readonly string[],
  now: number,
): Promise<ServerCredentials> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = [...new Set([...OWN_NAMES, ...extraNames])];
  const root = await keep(
    folder,
    "ca",
    (certificate) => livesOn(certificate, now),
    ({ issueRoot }) => {
      const commonName = `IoT Hub emulator development CA ${randomBytes(4).toString("hex")}`;
      return issueRoot(commonName, validity(now, ROOT_DAYS));
    },
  );
  const rootCertificate = new X509Certificate(root.certificate);
  const usable = (certificate: X509Certificate): boolean =>
    livesOn(certificate, now) && certificate.checkIssued(rootCertificate) && names.every(covers(certificate));
  const server = await keep(folder, "server", usable, ({ issueServer }) =>
    issueServer(names, validity(now, SERVER_DAYS), root),
  );
  return { ca: root.certificate, caFile: join(folder, "ca.pem"), ...server };
}

/** The kept certificate and key of this name when they are usable, else new ones. */
async function keep(
  folder: string,
  name: string,
  usable: (certificate: X509Certificate) => boolean,
  make: (issuing: typeof certificates) => Promise<IssuedCertificate>,
): Promise<IssuedCertificate> {
  const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  const kept = await load(certificateFile, keyFile);
  if (kept !== undefined && usable(new X509Certificate(kept.certificate))) return kept;
  // Loading this takes as long as all the rest of a start, and most starts find both kept.
  const made = await make(await import("./certificate.ts"));
  await writeWhole(keyFile, made.privateKey, 0o600);
  await writeWhole(certificateFile, made.certificate, 0o644);
  return made;
}

// A certificate beside a foreign key is what a crash between the two writes leaves; it counts as none.
async function load(certificateFile: string, keyFile: string): Promise<IssuedCertificate | undefined> {
  try {
    const [certificate, privateKey] = await Promise.all([readFile(certificateFile, "utf8"), readFile(keyFile, "utf8")]);
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
    return matches ? { certificate, privateKey } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw error;
    return undefined;
  }
}

async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, file);
}

function livesOn(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validTo) - now > RENEW_DAYS * DAY_MS && Date.parse(certificate.validFrom) <= now;
}

function covers(certificate: X509Certificate): (name: string) => boolean {
  return (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

// A day back, for clients whose clock is behind.
function validity(now: number, days: number): Validity {
  return { from: new Date(now - DAY_MS), until: new Date(now + days * DAY_MS) };
}
