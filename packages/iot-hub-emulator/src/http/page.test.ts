import { Message } from "azure-iot-device";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const HTML = { accept: "text/html,application/xhtml+xml" };

async function view(hub: LocalHub, headers: Record<string, string> = {}): Promise<number> {
  return (await hub.send({ path: "/page.json", headers })).status;
}

test("a browser gets a page without any key, anybody else JSON", async () => {
  await using hub = await startLocalHub();
  const page = await hub.send({ path: "/", headers: HTML });
  expect(page.headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": expect.stringMatching(/^default-src 'none'; script-src 'self'; /) as string,
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
  expect((await hub.send({ path: "/" })).headers["content-type"]).toMatch(/json/);
  const assets = await Promise.all(["/page.css", "/page.js"].map((path) => hub.send({ path })));
  for (const { status, text } of [page, ...assets]) {
    expect(status).toBe(200);
    expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(text).not.toMatch(/ style=| on[a-z]+=|<script>/);
    for (const key of Object.values(hub.addresses.policies)) expect(text).not.toContain(key);
  }
});

test("the CA can be had by anyone", async () => {
  await using hub = await startLocalHub();
  const answer = await hub.send({ path: "/ca.pem" });
  expect([answer.status, answer.text]).toEqual([200, hub.addresses.ca]);
});

test("a browser on this machine sees strings, devices and the last messages", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const device = hub.device("d");
  for (let i = 0; i < 60; i++) {
    const message = new Message(`{"n":${i}}`);
    message.properties.add("level", "high");
    await device.sendEvent(message);
  }
  const answer = await hub.send({ path: "/page.json", headers: { "sec-fetch-site": "same-origin" } });
  expect(answer.headers["cross-origin-resource-policy"]).toBe("same-origin");
  const shown = JSON.parse(answer.text) as { messages: unknown[] };
  expect(shown).toMatchObject({
    deviceCount: 1,
    messageCount: 60,
    connectionStrings: [
      ["Hub, policy iothubowner", hub.addresses.connectionString],
      {},
      {},
      ["Device provisioning, id scope", hub.addresses.idScope],
      {},
    ],
    devices: [{ deviceId: "d", connectionState: "Disconnected", authentication: "symmetric key" }],
  });
  expect(shown.messages).toHaveLength(50);
  expect(shown.messages[0]).toMatchObject({ device: "d", body: '{"n":59}', pairs: [["level", "high"]] });
  expect(shown.messages[49]).toMatchObject({ body: '{"n":10}' });
});

test("a foreign page sees nothing: not by another name for this machine, nor from another site", async () => {
  await using hub = await startLocalHub({ hostName: "myhub.local" });
  const { httpsPort } = hub.addresses;
  expect(await view(hub, { host: `evil.example:${httpsPort}` })).toBe(401);
  expect(await view(hub, { host: `localhost:${httpsPort}`, "sec-fetch-site": "cross-site" })).toBe(401);
  expect(await view(hub, { host: `localhost:${httpsPort}`, "sec-fetch-site": "same-site" })).toBe(401);
  for (const name of ["localhost", "127.0.0.1", "[::1]", "MyHub.local"]) {
    expect(await view(hub, { host: `${name}:${httpsPort}` })).toBe(200);
  }
});

test("from another machine the page's data needs the owner's key", async () => {
  await using hub = await startLocalHub();
  const elsewhere = { host: "elsewhere" };
  expect(await view(hub, { ...elsewhere, "x-admin-key": "wrong" })).toBe(401);
  expect(await view(hub, { ...elsewhere, "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" })).toBe(200);
});

test("long bodies are shortened, and binary ones do no harm", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const device = hub.device("d");
  for (let i = 0; i < 20; i++) await device.sendEvent(new Message(Buffer.alloc(250_000, 0xff)));
  const { text } = await hub.send({ path: "/page.json" });
  const { messages } = JSON.parse(text) as { messages: { body: string; key: string }[] };
  expect(messages.length).toBeGreaterThan(0);
  expect(messages[0]?.key).toMatch(/\/19\//);
  expect(text.length).toBeLessThan(200_000);
});
