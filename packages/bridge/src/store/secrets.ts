/** Policy keys at rest: AES-256-GCM under a key that lies in a file beside the database, never in it. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";

export interface Secrets {
  /** `record` binds the sealed text to its row, so that sealed keys cannot be swapped. */
  seal(text: string, record: string): string;
  open(sealed: string, record: string): string;
  /** Equal texts have equal prints; nothing else can be learned from one. */
  print(text: string): string;
}

/** Reads the key file, or makes it (0600) at first start. */
export function openSecrets(keyFile: string): Secrets {
  if (!existsSync(keyFile)) {
    writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o600, flag: "wx" });
  }
  chmodSync(keyFile, 0o600);
  const key = Buffer.from(readFileSync(keyFile, "utf8"), "base64");
  if (key.length !== 32) throw new Error(`${keyFile} does not hold a 256-bit key in base64.`);
  return {
    seal(text, record) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(record));
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
    },
    open(sealed, record) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(record)).setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
    },
    print: (text) => createHmac("sha256", key).update(text).digest("hex"),
  };
}
