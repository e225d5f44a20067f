/** Ports and certificates. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeTestCertificate } from "../../hub/testing/certificate.ts";
import { listenPlain, listenTls } from "./listeners.ts";
import { DEVICE, openDoor } from "./testing/door-under-test.ts";

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-mqtt-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeCertificate(): { readonly certFile: string; readonly keyFile: string; readonly ca: string } {
  const { cert, key, ca } = makeTestCertificate();
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  return { ...files, ca };
}

test("a default port that is taken moves, one that was asked for does not", async () => {
  await using bed = await openDoor();
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const warned: object[] = [];
  const log = { ...QUIET, warn: (fields: object) => void warned.push(fields) };
  const moved = await listenPlain({ door: bed.door, host: "127.0.0.1", port, mayMove: true, log });
  expect(moved.port).not.toBe(port);
  expect(warned).toEqual([{ asked: port, port: moved.port }]);
  await expect(listenPlain({ door: bed.door, host: "127.0.0.1", port, log })).rejects.toThrow(/EADDRINUSE/);
  await moved.close();
  taken.close();
});

test("devices connect over TLS; a peer that speaks something else is nobody's trouble", async () => {
  await using bed = await openDoor();
  const { ca, ...files } = writeCertificate();
  const listener = await listenTls({ ...files, door: bed.door, host: "127.0.0.1", port: 0, log: QUIET });
  const client = await connectAsync(`mqtts://127.0.0.1:${listener.port}`, {
    ca,
    username: DEVICE,
    password: bed.tokenOf(DEVICE),
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  await client.publishAsync(`devices/${DEVICE}/events/t`, "1", { qos: 1 });
  expect(bed.taken).toHaveLength(1);
  expect(bed.door.links.link(DEVICE)).toMatchObject({ address: "127.0.0.1" });
  const plain = connectTcp(listener.port, "127.0.0.1")
    .on("error", () => undefined)
    .resume();
  plain.write("GET / HTTP/1.1\r\n\r\n");
  await once(plain, "close");
  await client.endAsync();
  await listener.close();
});

test("a renewed certificate is used for new connections, one that does not fit is not", async () => {
  await using bed = await openDoor();
  const { ca: _old, ...files } = writeCertificate();
  const lines: string[] = [];
  const note = (_fields: object, name: string): void => void lines.push(name);
  const log = { ...QUIET, info: note, error: note };
  const listener = await listenTls({ ...files, door: bed.door, host: "127.0.0.1", port: 0, log, lookEvery: 20 });
  writeFileSync(files.certFile, "no certificate");
  await expect.poll(() => lines).toContain("mqtt.certificate_refused");
  const { ca } = writeCertificate();
  await expect.poll(() => handshake(listener.port, ca)).toBe(true);
  await listener.close();
});

function handshake(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", ca });
    const end = (isTrusted: boolean): void => {
      socket.destroy();
      resolve(isTrusted);
    };
    socket.once("secureConnect", () => end(true));
    socket.once("error", () => end(false));
  });
}

test("files that are not there are told at the start", async () => {
  await using bed = await openDoor();
  const files = { certFile: join(folder, "none.pem"), keyFile: join(folder, "none.key") };
  await expect(listenTls({ ...files, door: bed.door, host: "127.0.0.1", port: 0, log: QUIET })).rejects.toThrow(
    /ENOENT.*none.pem/,
  );
});
