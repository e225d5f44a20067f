import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { CertificateCommandError, certificates } from "./certificates.ts";

const run = promisify(execFile);

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "certificates-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function openssl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("openssl", args);
  return stdout.trim();
}

test("openssl accepts a device's certificate by its CA, as a client's and by nothing else", async () => {
  await inFolder(async (folder) => {
    const said = await certificates(["ca", "--out", join(folder, "root"), "--name", "Factory"]);
    const root = join(folder, "root", "ca.pem");
    expect(said).toContain(`--device-ca ${root}`);
    await certificates(["device", "d#1", "--ca", join(folder, "root"), "--out", folder]);
    const leaf = join(folder, "d_1.pem");
    expect(await openssl("verify", "-x509_strict", "-CAfile", root, "-purpose", "sslclient", leaf)).toBe(`${leaf}: OK`);
    await expect(openssl("verify", "-CAfile", root, "-purpose", "sslserver", leaf)).rejects.toThrow(/purpose/);
    const subject = await openssl("x509", "-in", leaf, "-noout", "-subject", "-issuer", "-nameopt", "sep_multiline");
    expect(subject.split(/\s+/)).toEqual(["subject=", "CN=d#1", "issuer=", "CN=Factory"]);
    expect(await openssl("pkey", "-in", join(folder, "d_1-key.pem"), "-pubout")).toBe(
      await openssl("x509", "-in", leaf, "-noout", "-pubkey"),
    );
  });
});

test("a chain over an intermediate CA is whole, and keys are their owner's only", async () => {
  await inFolder(async (folder) => {
    const [root, line] = [join(folder, "root"), join(folder, "line")];
    await certificates(["ca", "--out", root]);
    await certificates(["ca", "--out", line, "--ca", root, "--name", "Line"]);
    await certificates(["device", "d/m", "--ca", line, "--out", folder, "--days", "7"]);
    const [chain, leaf] = [join(folder, "d_m-chain.pem"), join(folder, "d_m.pem")];
    const verified = await openssl("verify", "-CAfile", join(root, "ca.pem"), "-untrusted", chain, leaf);
    expect(verified).toBe(`${leaf}: OK`);
    expect((await readFile(chain, "utf8")).match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    for (const file of [join(root, "ca-key.pem"), join(folder, "d_m-key.pem")]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    await expect(openssl("x509", "-in", leaf, "-noout", "-checkend", String(8 * 86_400))).rejects.toThrow(/failed/);
  });
});

test("a CA with an RSA key of openssl's making signs too", async () => {
  await inFolder(async (folder) => {
    const [key, root] = [join(folder, "ca-key.pem"), join(folder, "ca.pem")];
    const subject = ["-subj", "/O=Elsewhere/CN=RSA", "-days", "30"];
    await openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", root, ...subject);
    await certificates(["device", "d", "--ca", folder, "--out", folder]);
    expect(await openssl("verify", "-CAfile", root, join(folder, "d.pem"))).toContain("OK");
  });
});

test("a self-signed certificate is told by the thumbprints openssl computes", async () => {
  await inFolder(async (folder) => {
    const said = await certificates(["self-signed", "d", "--out", folder]);
    for (const hash of ["-sha1", "-sha256"]) {
      const print = await openssl("x509", "-in", join(folder, "d.pem"), "-noout", "-fingerprint", hash);
      expect(said).toContain(print.split("=")[1]?.replaceAll(":", ""));
    }
  });
});

test("nothing is overwritten", async () => {
  await inFolder(async (folder) => {
    await certificates(["ca", "--out", folder]);
    const before = await readFile(join(folder, "ca.pem"), "utf8");
    await expect(certificates(["ca", "--out", folder])).rejects.toThrow(/exists and is kept/);
    expect(await readFile(join(folder, "ca.pem"), "utf8")).toBe(before);
    expect(await readdir(folder)).toEqual(["ca-key.pem", "ca.pem"]);
  });
});

test.each([
  [["nonsense"], /no certificates nonsense/],
  [["ca"], /--out/],
  [["ca", "d", "--out", "x"], /--name d/],
  [["device", "--ca", "x", "--out", "x"], /device id is needed/],
  [["device", "a b", "--ca", "x", "--out", "x"], /a b is neither/],
  [["device", "a/b/c", "--ca", "x", "--out", "x"], /is neither/],
  [["device", "d", "--out", "x"], /--ca names the folder/],
  [["device", "d", "--ca", "/nowhere", "--out", "x"], /Make a CA first/],
  [["self-signed", "d", "--out", "x", "--days", "0"], /--days must be/],
  [["ca", "--colour", "red"], /colour/],
])("%j is refused with what to do", async (args, message) => {
  await expect(certificates(args)).rejects.toThrow(CertificateCommandError);
  await expect(certificates(args)).rejects.toThrow(message);
});

test("a key beside a foreign certificate signs nothing", async () => {
  await inFolder(async (folder) => {
    await certificates(["ca", "--out", join(folder, "a")]);
    await certificates(["ca", "--out", join(folder, "b")]);
    await writeFile(join(folder, "a", "ca-key.pem"), await readFile(join(folder, "b", "ca-key.pem")));
    const call = certificates(["device", "d", "--ca", join(folder, "a"), "--out", folder]);
    await expect(call).rejects.toThrow(/not the key of ca\.pem/);
  });
});

test("help tells every command", async () => {
  expect(await certificates(["--help"])).toMatch(/ca --out[^]*device DEVICE_ID[^]*self-signed DEVICE_ID/);
  expect(await certificates([])).toBe(await certificates(["--help"]));
});
