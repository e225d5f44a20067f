/**
 * Where the keys of the secrets come from: a file beside the database (made at first start), a file of the operator's, or
 * the environment. A file holds one key a line in base64, the one that seals first; more than one line means that a
 * rotation is under way, or was when the process ended.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { KEY_BYTES } from "./secrets.ts";

/** As the operator set it. Absent: the file beside the database. */
export type SecretKeySource =
  | { readonly kind: "text"; readonly text: string; readonly name: string }
  | { readonly kind: "file"; readonly file: string; readonly name: string };

/** The keys cannot be read, or are not those that the data was sealed with. */
export class SecretKeyError extends Error {
  readonly code: "secret_key_invalid" | "secret_key_wrong" | "secret_key_not_ours";
  constructor(code: SecretKeyError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export class SecretKeys {
  readonly #file: string;
  readonly #given: SecretKeySource | null;
  #keys: readonly Buffer[];

  /** `file` lies beside the database. Throws `SecretKeyError`. */
  constructor(file: string, given: SecretKeySource | null = null) {
    this.#file = file;
    this.#given = given;
    this.#keys = given === null ? readOwn(file) : readGiven(file, given);
  }

  /** The one that seals first. */
  get all(): readonly Buffer[] {
    return this.#keys;
  }

  /** What holds the keys, for those who look for them. */
  get name(): string {
    return this.#given?.name ?? this.#file;
  }

  /** A new key seals from now on, and is on disk before it does; the former ones still open. */
  begin(): void {
    if (this.#given !== null) throw notOurs(this.#given);
    const keys = [randomBytes(KEY_BYTES), ...this.#keys];
    write(this.#file, keys);
    this.#keys = keys;
  }

  /** Nothing is sealed with the former keys any more. Those that others keep are theirs to remove. */
  finish(): void {
    const [current] = this.#keys;
    if (this.#given === null) write(this.#file, [current!]);
    this.#keys = [current!];
  }
}

function readOwn(file: string): readonly Buffer[] {
  if (!existsSync(file)) write(file, [randomBytes(KEY_BYTES)]);
  chmodSync(file, 0o600);
  return parse(readFileSync(file, "utf8"), file);
}

// Whoever sets a key of his own had one in the file before: what that one sealed is still to be opened.
function readGiven(own: string, given: SecretKeySource): readonly Buffer[] {
  if (given.kind === "file" && !existsSync(given.file))
    throw new SecretKeyError("secret_key_invalid", `${given.name} names ${given.file}, which is not there.`);
  const keys = parse(given.kind === "text" ? given.text : readFileSync(given.file, "utf8"), given.name);
  return existsSync(own) ? [...keys, ...parse(readFileSync(own, "utf8"), own)] : keys;
}

function parse(text: string, name: string): readonly Buffer[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const keys = words.map((word) => Buffer.from(word, "base64"));
  if (keys.length > 0 && keys.every((key) => key.length === KEY_BYTES)) return keys;
  throw new SecretKeyError(
    "secret_key_invalid",
    `${name} does not hold a 256-bit key in base64 (openssl rand -base64 32 makes one).`,
  );
}

function notOurs({ name }: SecretKeySource): SecretKeyError {
  return new SecretKeyError(
    "secret_key_not_ours",
    `The key is given by ${name}: put the new key before the old one there, separated by a comma, and restart.`,
  );
}

/** Whole or not at all, and flushed: a key that is lost is lost with all that it sealed. */
function write(file: string, keys: readonly Buffer[]): void {
  const next = `${file}.next`;
  const descriptor = openSync(next, "w", 0o600);
  try {
    writeSync(descriptor, `${keys.map((key) => key.toString("base64")).join("\n")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(next, file);
  if (process.platform === "win32") return;
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
