/**
 * Secrets at rest: AES-256-GCM under a key that lies beside the database or outside, never in it. The first key seals; the
 * others are former ones, which still open what they sealed until everything is sealed anew.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

export interface Secrets {
  /** `record` binds the sealed text to its row, so that sealed texts cannot be swapped. */
  seal(text: string, record: string): string;
  /** Throws when no key opens it, or when it was sealed for another record. */
  open(sealed: string, record: string): string;
  /** Equal texts have equal prints; nothing else can be learned from one. */
  print(text: string): string;
  /** Whether the key that seals now has sealed it. */
  isCurrent(sealed: string, record: string): boolean;
}

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `keys` is asked each time, because a rotation changes them; it has one key at least. */
export function createSecrets(keys: () => readonly Buffer[]): Secrets {
  return {
    seal(text, record) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keys()[0]!, nonce).setAAD(Buffer.from(record));
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
    },
    open(sealed, record) {
      const [current, ...former] = keys();
      for (const key of former) {
        const text = tryOpen(key, sealed, record);
        if (text !== null) return text;
      }
      return openWith(current!, sealed, record);
    },
    print: (text) => createHmac("sha256", keys()[0]!).update(text).digest("hex"),
    isCurrent: (sealed, record) => tryOpen(keys()[0]!, sealed, record) !== null,
  };
}

function openWith(key: Buffer, sealed: string, record: string): string {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(record)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
}

function tryOpen(key: Buffer, sealed: string, record: string): string | null {
  try {
    return openWith(key, sealed, record);
  } catch {
    return null;
  }
}
