/** Certificates, keys and chains as files in a folder, under the names the command gives them. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IssuedCertificate } from "../tls/certificate.ts";

/** An authority of a folder: `ca.pem`, `ca-key.pem`, and `ca-chain.pem` when it is below another one. */
export interface AuthorityFiles extends IssuedCertificate {
  /** PEM: the authority and those above it. */
  readonly chain: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export interface WrittenFiles {
  readonly certificate: string;
  readonly privateKey: string;
  /** Absent when the certificate stands alone. */
  readonly chain?: string;
}

/** A mistake in how the command was called, or a file that is in its way; the message says what to do. */
export class CertificateCommandError extends Error {
  readonly code = "certificate_command_invalid";
}

/** Reads the authority of a folder, as `certificates ca` writes it or as openssl does under the same names. */
export async function readAuthority(folder: string): Promise<AuthorityFiles> {
  const [certificate, privateKey] = await Promise.all([read(folder, "ca.pem"), read(folder, "ca-key.pem")]);
  const parsed = parse(certificate, join(folder, "ca.pem"));
  if (!parsed.ca) throw new CertificateCommandError(`${join(folder, "ca.pem")} is not the certificate of a CA.`);
  if (!parsed.checkPrivateKey(createPrivateKey(privateKey))) {
    throw new CertificateCommandError(`ca-key.pem in ${folder} is not the key of ca.pem beside it.`);
  }
  const chain = await readFile(join(folder, "ca-chain.pem"), "utf8").catch(() => certificate);
  return { certificate, privateKey, chain, expiresAt: Date.parse(parsed.validTo) };
}

/** Writes `{name}.pem`, `{name}-key.pem` (readable by its owner only) and `{name}-chain.pem`. Never overwrites. */
export async function writeCertificate(
  folder: string,
  name: string,
  { certificate, privateKey }: IssuedCertificate,
  issuers?: string,
): Promise<WrittenFiles> {
  await mkdir(folder, { recursive: true });
  const files = { certificate: join(folder, `${name}.pem`), privateKey: join(folder, `${name}-key.pem`) };
  await write(files.privateKey, privateKey, 0o600);
  await write(files.certificate, certificate, 0o644);
  if (issuers === undefined) return files;
  const chain = join(folder, `${name}-chain.pem`);
  await write(chain, certificate + issuers, 0o644);
  return { ...files, chain };
}

/** A file name for a device or module: its id, with what file systems do not take replaced. */
export function fileNameOf(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\./, "_");
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (error) {
    const hint = `Make a CA first: iot-hub-emulator certificates ca --out ${folder}`;
    throw new CertificateCommandError(`${(error as Error).message}\n${hint}`);
  }
}

function parse(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new CertificateCommandError(`${file} is not a certificate in PEM.`);
  }
}

async function write(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { mode, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new CertificateCommandError(`${file} exists and is kept. Choose another --out, or delete it first.`);
  }
}
