import { expect, test } from "vitest";
import { readConnectionText } from "./connection-text.ts";

const KEY = "YW4gZXhhbXBsZSBrZXk=";

test("a policy's string gives hub, policy and key, however it was copied", () => {
  const whole = { kind: "policy", hubName: "my-hub.azure-devices.net", policyName: "isthmus", policyKey: KEY };
  const text = `HostName=my-hub.azure-devices.net;SharedAccessKeyName=isthmus;SharedAccessKey=${KEY}`;
  for (const pasted of [text, `  "${text}"\n`, text.replaceAll(";", "; "), text.replace("HostName", "hostname")]) {
    expect(readConnectionText(pasted)).toEqual(whole);
  }
});

test("a name alone is a hub's, and nothing is nothing", () => {
  expect(readConnectionText("local")).toEqual({ kind: "host", hubName: "local" });
  expect(readConnectionText(" my-hub.azure-devices.net ")).toMatchObject({ hubName: "my-hub.azure-devices.net" });
  expect(readConnectionText("  ")).toBeNull();
});

test.each([
  [`HostName=h.net;DeviceId=cellar;SharedAccessKey=${KEY}`, "one device cellar"],
  [`Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=o;SharedAccessKey=${KEY};EntityPath=h`, "Event Hubs"],
  ["SharedAccessSignature sr=h.net&sig=x&se=1&skn=p", "a token"],
  [`DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${KEY}`, "storage account"],
  ["HostName=h.net;SharedAccessKeyName=p", "SharedAccessKey is missing"],
  ["what is this?", "no connection string"],
])("%s is told apart with words", (text, words) => {
  expect(readConnectionText(text)).toMatchObject({ kind: "other", message: expect.stringContaining(words) as string });
});

test("no key is repeated in what is said", () => {
  expect(JSON.stringify(readConnectionText(`Endpoint=sb://x/;SharedAccessKey=${KEY}`))).not.toContain(KEY);
});
