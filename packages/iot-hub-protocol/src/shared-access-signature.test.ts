import { createSasTokenProvider } from "@azure/core-amqp";
import { SharedAccessKeyAuthenticationProvider } from "azure-iot-device";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import {
  coversResource,
  makeSharedAccessSignature,
  parseSharedAccessSignature,
  verifySignature,
} from "./shared-access-signature.ts";

// A fixed key, so that a failure can be repeated; it opens nothing.
const KEY = Buffer.from("an example key of thirty-two byt").toString("base64");
const OTHER_KEY = Buffer.from("another key of thirty-two bytes!").toString("base64");
const EXPIRY = 4_102_444_800;

function parsed(text: string): NonNullable<ReturnType<typeof parseSharedAccessSignature>> {
  const token = parseSharedAccessSignature(text);
  if (token === undefined) throw new Error("not a token");
  return token;
}

test("the service SDK's token verifies, and only with its key", () => {
  const token = parsed(SharedAccessSignature.create("hub.example", "iothubowner", KEY, EXPIRY).toString());
  expect(token).toMatchObject({ resource: "hub.example", policyName: "iothubowner", expiry: EXPIRY });
  expect(verifySignature(token, KEY)).toBe(true);
  expect(verifySignature(token, OTHER_KEY)).toBe(false);
  expect(verifySignature({ ...token, expiry: EXPIRY + 1 }, KEY)).toBe(false);
  expect(verifySignature({ ...token, rawResource: "other.example" }, KEY)).toBe(false);
});

test.each(["d1", "d#1", "a%41", "x:y=z;w", "(it's)"])("the device SDK's token of %s verifies", async (deviceId) => {
  const provider = new SharedAccessKeyAuthenticationProvider(
    { host: "hub.example", deviceId, sharedAccessKey: KEY },
    3600,
    900,
  );
  const { sharedAccessSignature } = await provider.getDeviceCredentials();
  provider.stop();
  const token = parsed(String(sharedAccessSignature));
  expect(token.policyName).toBeUndefined();
  expect([deviceId, encodeURIComponent(deviceId)]).toContain(token.resource.replace("hub.example/devices/", ""));
  expect(verifySignature(token, KEY)).toBe(true);
});

test("an Event Hubs client's token verifies with the key's text, and not with its bytes", async () => {
  const provider = createSasTokenProvider({ sharedAccessKeyName: "service", sharedAccessKey: KEY });
  const { token: text } = await provider.getToken("sb://localhost:5999/entity/ConsumerGroups/$Default/Partitions/0");
  const token = parsed(text);
  expect(token).toMatchObject({
    resource: "sb://localhost:5999/entity/ConsumerGroups/$Default/Partitions/0",
    policyName: "service",
  });
  expect(verifySignature(token, KEY, "text")).toBe(true);
  expect(verifySignature(token, KEY, "base64")).toBe(false);
});

test("our token of a policy has the fields and the signature of the service SDK's", () => {
  const resource = "hub.example";
  const ours = parsed(makeSharedAccessSignature({ resource, key: KEY, expiry: EXPIRY, policyName: "service" }));
  const theirs = parsed(SharedAccessSignature.create(resource, "service", KEY, EXPIRY).toString());
  expect(ours).toEqual(theirs);
});

test("our token for an Event Hubs client has the signature of theirs", async () => {
  const resource = "sb://localhost/entity/$management";
  const provider = createSasTokenProvider({ sharedAccessKeyName: "service", sharedAccessKey: KEY });
  const { token } = await provider.getToken(resource);
  const { expiry } = parsed(token);
  const options = { resource, key: KEY, expiry, policyName: "service", keyEncoding: "text" } as const;
  expect(parsed(makeSharedAccessSignature(options)).signature).toBe(parsed(token).signature);
});

test.each([
  "",
  "SharedAccessSignature",
  "SharedAccessSignature sr=a&sig=b",
  "SharedAccessSignature sr=a&se=1",
  "SharedAccessSignature sig=b&se=1",
  "SharedAccessSignature sr=%ZZ&sig=b&se=1",
  "SharedAccessSignature sr=a&sig=b&se=soon",
  "Bearer sr=a&sig=b&se=1",
])("%j is no token", (text) => {
  expect(parseSharedAccessSignature(text)).toBeUndefined();
});

test("a resource covers itself and what is below it, by whole segments and whatever the host's case", () => {
  expect(coversResource("hub.example", "hub.example/devices/a")).toBe(true);
  expect(coversResource("HUB.example/devices", "hub.example/devices/a")).toBe(true);
  expect(coversResource("hub.example/devices/a", "hub.example/devices/a")).toBe(true);
  expect(coversResource("hub.example/devices/a", "hub.example/devices/ab")).toBe(false);
  expect(coversResource("hub.example/devices/a", "hub.example/devices/A")).toBe(false);
  expect(coversResource("hub.example/devices/a", "hub.example/devices")).toBe(false);
});
