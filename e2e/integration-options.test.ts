/** What an integration's options do to messages and identities, and what TEST proves: read by Microsoft's clients. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeIntegration, makeProduct, request } from "./support/cloud.ts";
import { HubReader } from "./support/hub-reader.ts";
import { lookUp } from "./support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";

const DEVICE = "e00fce681234567890abcdef";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let reader: HubReader;

beforeAll(async () => {
  firstRun = await isthmus.start();
  reader = new HubReader(firstRun);
  await makeProduct(firstRun, "greenhouse");
  await request(firstRun, "POST", "/v1/products/greenhouse/devices", { id: DEVICE });
});

afterAll(async () => {
  await reader?.close();
  await isthmus.dispose();
});

test("properties, content type, parsed data and the prefix of the device's id reach the hub", async () => {
  const inHub = `site-4:${DEVICE}`;
  await makeIntegration(firstRun, "greenhouse", {
    event: "climate",
    message_properties: { kind: "{{kind}}", site: "Küche", alarm: "{{#alarm}}yes{{/alarm}}" },
    content_type: "application/json;charset=utf-8",
    parse_data: true,
    device_id_prefix: "site-4:",
  });
  const data = '{"kind":"air","t":21.50}';
  await request(firstRun, "POST", "/v1/products/greenhouse/events", { name: "climate/1", data, as_device_id: DEVICE });
  const mine = (): HubReader["events"] =>
    reader.events.filter((event) => event.systemProperties["iothub-connection-device-id"] === inHub);
  await reader.reads(() => mine().length > 0, "the event");
  const [event] = mine();
  expect(event!.body).toMatchObject({ data: { kind: "air", t: 21.5 }, device_id: DEVICE });
  expect(event!.properties).toEqual({ kind: "air", site: "K%C3%BCche", event: "climate/1", seq: "1" });
  expect(event!.systemProperties["contentType"]).toBe("application/json;charset=utf-8");
  expect(await lookUp(firstRun, "identity", inHub)).toMatchObject({ deviceId: inHub });
  expect(await lookUp(firstRun, "identity", DEVICE)).toHaveProperty("error");
});

test("TEST sends what it shows, sees it arrive, and leaves no identity behind", async () => {
  const id = await makeIntegration(firstRun, "greenhouse", { event: "trial", json: { v: "{{PARTICLE_EVENT_VALUE}}" } });
  const tests = [{ data: "7" }, { data: "8", device_id: DEVICE }, { data: "9" }].map((body) =>
    request(firstRun, "POST", `/v1/products/greenhouse/integrations/${id}/test`, body),
  );
  for (const [i, { json }] of (await Promise.all(tests)).entries()) {
    expect(json).toMatchObject({ pass: true, message: { json: { v: String(i + 7) } }, arrival: { seen: true } });
    const { message_id: messageId } = json["message"] as { readonly message_id: string };
    const arrived = (): HubReader["events"] =>
      reader.events.filter((event) => event.systemProperties["messageId"] === messageId);
    await reader.reads(() => arrived().length > 0, "the test message");
    expect(arrived()[0]?.body).toEqual({ v: String(i + 7) });
    expect(await lookUp(firstRun, "identity", String(json["device_id"]))).toHaveProperty("error");
  }
});

test("TEST of an integration that makes no identities makes none either, and says what is missing", async () => {
  const id = await makeIntegration(firstRun, "greenhouse", { event: "patient", create_identities: false });
  const tried = await request(firstRun, "POST", `/v1/products/greenhouse/integrations/${id}/test`, {
    device_id: DEVICE,
  });
  expect(tried.json).toMatchObject({ pass: false, code: "identity_not_created" });
  expect(await lookUp(firstRun, "identity", DEVICE)).toHaveProperty("error");
});
