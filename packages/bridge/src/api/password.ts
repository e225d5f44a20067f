/** Passwords are kept as scrypt hashes that carry their own parameters, so that these can be raised later. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 16 MB and about a tenth of a second a check: dear enough for a thief, cheap enough for a small server. */
const COST: Cost = { N: 2 ** 14, r: 8, p: 5 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** Compared against when there is no such user, so that both answers take equally long. No password has this hash. */
const NOBODY = format(COST, Buffer.alloc(SALT_BYTES), Buffer.alloc(KEY_BYTES));

/** `scrypt:N:r:p:salt:key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return format(COST, salt, await derive(password, salt, COST));
}

/** Whether the password made this hash; `null` (no such user) costs the same work and is false. */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const [scheme, N, r, p, salt, key] = (hash ?? NOBODY).split(":");
  if (scheme !== "scrypt" || salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, "base64url");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, "base64url"), cost);
  return actual.length === expected.length && timingSafeEqual(actual, expected) && hash !== null;
}

function format(cost: Cost, salt: Buffer, key: Buffer): string {
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join(":");
}

function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  // Twice what scrypt needs: 128 r N bytes for its table and 128 r p for its blocks.
  const options = { ...cost, maxmem: 256 * cost.r * (cost.N + cost.p + 2) };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
