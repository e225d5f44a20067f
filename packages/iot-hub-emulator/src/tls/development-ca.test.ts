import "reflect-metadata";
import { KeyObject, X509Certificate, webcrypto } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import * as x509 from "@peculiar/x509";
import { expect, test } from "vitest";
import { openServerCredentials } from "./development-ca.ts";
import type { ServerCredentials } from "./development-ca.ts";

const DAY_MS = 24 * 3600_000;

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "development-ca-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a client that trusts the CA accepts the server under this name, and by which protocol. */
async function handshake({ certificate, privateKey, ca }: ServerCredentials, name: string): Promise<string> {
  const server = createServer({ cert: certificate, key: privateKey }, (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const outcome = await new Promise<string>((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost", checkServerIdentity: check }, () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  await new Promise((resolve) => server.close(resolve));
  return outcome;

  function check(_host: string, peer: { raw: Buffer }): Error | undefined {
    const presented = new X509Certificate(peer.raw);
    const matches = /^[\d.]+$|:/.test(name) ? presented.checkIP(name) : presented.checkHost(name);
    return matches === undefined ? Object.assign(new Error("name"), { code: "WRONG_NAME" }) : undefined;
  }
}

const EXTRA_NAMES = ["myhub.local", "10.0.0.7", "2001:db8::7", "::ffff:10.0.0.8"];

test.each(["localhost", "127.0.0.1", "::1", "host.docker.internal", ...EXTRA_NAMES])(
  "a client that trusts the CA accepts the server as %s",
  async (name) => {
    await inFolder(async (folder) => {
      const credentials = await openServerCredentials(folder, EXTRA_NAMES, Date.now());
      expect(await handshake(credentials, name)).toMatch(/^TLSv1\.[23]$/);
    });
  },
);

test("other names and other CAs are refused", async () => {
  await inFolder(async (folder) => {
    const credentials = await openServerCredentials(join(folder, "a"), [], Date.now());
    const other = await openServerCredentials(join(folder, "b"), [], Date.now());
    expect(await handshake(credentials, "elsewhere.local")).toBe("WRONG_NAME");
    expect(await handshake({ ...credentials, ca: other.ca }, "localhost")).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  });
});

test("the CA is a CA, the server is none, and the CA signed it", async () => {
  await inFolder(async (folder) => {
    const { ca, certificate } = await openServerCredentials(folder, [], Date.now());
    const [root, server] = [new X509Certificate(ca), new X509Certificate(certificate)];
    expect([root.ca, server.ca]).toEqual([true, false]);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(server.verify(root.publicKey)).toBe(true);
    expect(server.checkIssued(root)).toBe(true);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });
});

test("CA and server certificate are kept between starts, with keys that only their owner can read", async () => {
  await inFolder(async (folder) => {
    const first = await openServerCredentials(folder, [], Date.now());
    expect(await openServerCredentials(folder, [], Date.now())).toEqual(first);
    expect(await readFile(first.caFile, "utf8")).toBe(first.ca);
    for (const name of ["ca-key.pem", "server-key.pem"]) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });
});

test("the server's certificate is renewed for a new name, near its end, or when its key is another; the CA stays", async () => {
  await inFolder(async (folder) => {
    const now = Date.now();
    const first = await openServerCredentials(folder, [], now);
    const named = await openServerCredentials(folder, ["more.local"], now);
    expect(named.certificate).not.toBe(first.certificate);
    const later = await openServerCredentials(folder, ["more.local"], now + 365 * DAY_MS);
    expect(later.certificate).not.toBe(named.certificate);
    await writeFile(join(folder, "server-key.pem"), first.privateKey);
    const repaired = await openServerCredentials(folder, ["more.local"], now + 365 * DAY_MS);
    expect(repaired.certificate).not.toBe(later.certificate);
    expect([named.ca, later.ca, repaired.ca]).toEqual([first.ca, first.ca, first.ca]);
  });
});

test("a CA whose key identifier was made another way goes on signing, and is named by it", async () => {
  await inFolder(async (folder) => {
    const keyId = "00112233445566778899";
    const kept = await makeRoot(keyId);
    await writeFile(join(folder, "ca.pem"), kept.certificate);
    await writeFile(join(folder, "ca-key.pem"), kept.privateKey);
    const credentials = await openServerCredentials(folder, [], Date.now());
    expect(credentials.ca).toBe(kept.certificate);
    const server = new x509.X509Certificate(credentials.certificate);
    expect(server.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(keyId);
    expect(await handshake(credentials, "localhost")).toMatch(/^TLSv1\.[23]$/);
    expect(await openServerCredentials(folder, [], Date.now())).toEqual(credentials);
  });
});

async function makeRoot(keyId: string): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=A CA of long ago",
    keys,
    notBefore: new Date(Date.now() - DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.SubjectKeyIdentifierExtension(keyId),
    ],
  });
  const privateKey = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { certificate: certificate.toString("pem"), privateKey: privateKey as string };
}
