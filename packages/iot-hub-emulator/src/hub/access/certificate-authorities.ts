/**
 * The certificate authorities whose devices a hub lets in: uploaded ones, kept in the journal, and those given at its start.
 * Unlike the service it asks for no proof that the uploader has the CA's key.
 */
import { X509Certificate } from "node:crypto";
import { hasDates } from "./certificate-chain.ts";
import { HubError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";

/** An authority as it is shown. Dates are ISO 8601. */
export interface CertificateAuthority {
  readonly name: string;
  /** One line per part, as `CN=…`. */
  readonly subject: string;
  /** SHA-1, 40 hexadecimal digits. */
  readonly thumbprint: string;
  readonly created: string;
  readonly expiry: string;
  /** PEM. */
  readonly certificate: string;
}

const PREFIX = "certificate-authority/";
/** The service's limit. */
const MAX_AUTHORITIES = 25;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

interface Entry {
  readonly shown: CertificateAuthority;
  readonly certificate: X509Certificate;
}

interface StoredAuthority {
  readonly certificate: string;
  readonly created: string;
}

export class CertificateAuthorities implements Iterable<CertificateAuthority> {
  readonly #entries = new Map<string, Entry>();
  readonly #journal: Journal;
  readonly #now: () => number;

  /** `given` count while this hub runs, under the names `start-1`, `start-2`, … */
  constructor(journal: Journal, now: () => number, given: readonly X509Certificate[] = []) {
    this.#journal = journal;
    this.#now = now;
    for (const [key, value] of journal.entries) {
      if (!key.startsWith(PREFIX)) continue;
      const { certificate, created } = value as StoredAuthority;
      const name = key.slice(PREFIX.length);
      this.#entries.set(name, entryOf(name, new X509Certificate(certificate), created));
    }
    for (const [i, certificate] of given.entries()) {
      const name = `start-${i + 1}`;
      this.#entries.set(name, entryOf(name, certificate, new Date(now()).toISOString()));
    }
  }

  /** Those that are trusted, for verifying. */
  get certificates(): readonly X509Certificate[] {
    return [...this.#entries.values()].map(({ certificate }) => certificate);
  }

  /** Throws `ResourceNotFound`. */
  get(name: string): CertificateAuthority {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new HubError("ResourceNotFound", `There is no certificate ${name}.`);
    return entry.shown;
  }

  [Symbol.iterator](): Iterator<CertificateAuthority> {
    return [...this.#entries.values()].map(({ shown }) => shown)[Symbol.iterator]();
  }

  /** Adds an authority or replaces the one of this name; `pem` holds one certificate. Throws `ArgumentInvalid`. */
  async put(name: string, pem: string): Promise<CertificateAuthority> {
    if (!NAME.test(name)) throw invalid("A certificate's name has 1 to 64 letters, digits or characters of . _ -");
    if (!this.#entries.has(name) && this.#entries.size >= MAX_AUTHORITIES) {
      throw invalid(`A hub has at most ${MAX_AUTHORITIES} certificates; delete one first.`);
    }
    const [authority, ...others] = parseAuthorities(pem);
    if (authority === undefined || others.length > 0) throw invalid("Exactly one certificate in PEM is needed.");
    const entry = entryOf(name, authority, new Date(this.#now()).toISOString());
    this.#entries.set(name, entry);
    const { certificate, created } = entry.shown;
    await this.#journal.commit([[PREFIX + name, { certificate, created } satisfies StoredAuthority]]);
    return entry.shown;
  }

  /** Throws `ResourceNotFound`. Devices it vouched for stay connected. */
  async delete(name: string): Promise<void> {
    this.get(name);
    this.#entries.delete(name);
    await this.#journal.commit([[PREFIX + name, undefined]]);
  }
}

/** The certificates of a PEM text, each of an authority. Throws `ArgumentInvalid`. */
export function parseAuthorities(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid("The text holds no certificate in PEM.");
  return blocks.map((block) => {
    const certificate = parse(block);
    if (!certificate.ca) {
      throw invalid("The certificate is not one of an authority: it needs the basic constraint CA:TRUE.");
    }
    return certificate;
  });
}

function entryOf(name: string, certificate: X509Certificate, created: string): Entry {
  const shown: CertificateAuthority = {
    name,
    subject: certificate.subject,
    thumbprint: certificate.fingerprint.replaceAll(":", ""),
    created,
    expiry: new Date(certificate.validTo).toISOString(),
    certificate: certificate.toString(),
  };
  return { shown, certificate };
}

function parse(pem: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    if (hasDates(certificate)) return certificate;
    throw new RangeError("The dates are none.");
  } catch (cause) {
    throw new HubError("ArgumentInvalid", "The certificate cannot be read: it is not X.509.", { cause });
  }
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
