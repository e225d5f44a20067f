/** The server's certificate, read again when its files change: a renewal needs no restart. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Server } from "node:tls";
import type { Log } from "../../core/log.ts";

/** How often the files are looked at, milliseconds. */
const LOOK_EVERY = 10_000;

export interface CertificateFiles {
  /** PEM files: the certificate with its chain, and its key. */
  readonly certFile: string;
  readonly keyFile: string;
  /** How often they are looked at, milliseconds. */
  readonly lookEvery?: number;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws when a file cannot be read. */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/**
 * Connections that are open stay; new ones get the new certificate. Files that do not fit each other change nothing. Contents
 * are compared and not times, so that no change is overlooked. Returns how to stop.
 */
export function followCertificate(
  server: Server,
  files: CertificateFiles,
  { loaded, log }: { readonly loaded: Certificate; readonly log: Log },
): () => void {
  const { certFile, lookEvery = LOOK_EVERY } = files;
  let seen = print(loaded);
  const look = (): void => {
    try {
      const found = readCertificate(files);
      if (print(found) === seen) return;
      seen = print(found);
      server.setSecureContext(found);
      log.info({ certFile }, "mqtt.certificate_reloaded");
    } catch (error) {
      log.error({ certFile, reason: String(error) }, "mqtt.certificate_refused");
    }
  };
  const timer = setInterval(look, lookEvery).unref();
  return () => clearInterval(timer);
}

function print({ cert, key }: Certificate): string {
  return createHash("sha256").update(cert).update(key).digest("base64");
}
