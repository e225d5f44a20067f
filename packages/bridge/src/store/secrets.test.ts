import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SecretKeys } from "./secret-keys.ts";
import { createSecrets } from "./secrets.ts";
import type { Secrets } from "./secrets.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";

function openSecrets(file: string): Secrets {
  const keys = new SecretKeys(file);
  return createSecrets(() => keys.all);
}

let keyFile: string;
let remove: () => void;

beforeEach(() => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  keyFile = join(temporary.folder, "secret.key");
});

afterEach(() => remove());

test("a sealed text opens for its record, with the key of the file", () => {
  const sealed = openSecrets(keyFile).seal("key é", "record 1");
  expect(openSecrets(keyFile).open(sealed, "record 1")).toBe("key é");
  expect(sealed).not.toContain(Buffer.from("key é").toString("base64").slice(0, 6));
});

test("a sealed text does not open for another record, nor when a byte changed, nor with another key", () => {
  const secrets = openSecrets(keyFile);
  const sealed = secrets.seal("key", "record 1");
  expect(() => secrets.open(sealed, "record 2")).toThrow(/authenticate/);
  const bytes = Buffer.from(sealed, "base64");
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i]! ^= 1;
    expect(() => secrets.open(changed.toString("base64"), "record 1")).toThrow(/authenticate/);
    expect(() => secrets.open(bytes.subarray(0, i).toString("base64"), "record 1")).toThrow(
      /authenticat|Invalid (initialization vector|authentication tag)|RangeError/,
    );
  }
  expect(() => openSecrets(`${keyFile}.other`).open(sealed, "record 1")).toThrow(/authenticate/);
});

test("the same text is sealed differently each time and has one print per key", () => {
  const secrets = openSecrets(keyFile);
  expect(secrets.seal("key", "r")).not.toBe(secrets.seal("key", "r"));
  expect(secrets.print("key")).toBe(openSecrets(keyFile).print("key"));
  expect(secrets.print("key")).not.toBe(secrets.print("yek"));
  expect(secrets.print("key")).not.toBe(openSecrets(`${keyFile}.other`).print("key"));
});

test.runIf(process.platform !== "win32")("the key file is its owner's alone, also when it was not", () => {
  openSecrets(keyFile);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  writeFileSync(`${keyFile}.open`, readFileSync(keyFile), { mode: 0o644 });
  openSecrets(`${keyFile}.open`);
  expect(statSync(`${keyFile}.open`).mode & 0o777).toBe(0o600);
});

test("a key file that holds no key is refused", () => {
  writeFileSync(keyFile, "short");
  expect(() => openSecrets(keyFile)).toThrow(/256-bit/);
});
