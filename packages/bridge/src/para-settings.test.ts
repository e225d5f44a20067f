import { expect, test } from "vitest";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "./config.ts";
import { namedWithDots, readParaSettings, type ParaSettings } from "./para-settings.ts";

const refuse = (message: string): Error => new Error(message);
const read = (settings: Record<string, string>): ParaSettings => readParaSettings(namedWithDots(settings), [], refuse);

/** The settings of a file and an environment. */
function readBoth(file: string, environment: Record<string, string>): ParaSettings {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-settings-"));
  try {
    writeFileSync(join(folder, "isthmus.yaml"), file);
    return readConfig(environment, folder).para;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("without any of Para's settings Things go to whatever hub there is", () => {
  expect(read({})).toEqual({ iotEnabled: true, hub: null, workerId: 1, rootSecret: null });
});

const HUB = { hostName: "abc.azure-devices.net", accessKey: "c2VjcmV0", events: null };

test.each([
  ["in the file", { "para.azure.iot_hostname": HUB.hostName, "para.azure.iot_access_key": HUB.accessKey }],
  ["in the environment", { para_azure_iot_hostname: HUB.hostName, para_azure_iot_access_key: HUB.accessKey }],
  ["in capitals", { PARA_AZURE_IOT_HOSTNAME: HUB.hostName, PARA_AZURE_IOT_ACCESS_KEY: HUB.accessKey }],
  ["without its prefix", { azure_iot_hostname: HUB.hostName, azure_iot_access_key: HUB.accessKey }],
  ["by a bare hub name", { "para.azure.iot_hostname": "abc", "para.azure.iot_access_key": HUB.accessKey }],
])("the hub is named %s", (_where, settings) => {
  expect(read(settings).hub).toEqual(HUB);
});

test("the endpoint where events are read may be given with its name", () => {
  const endpoint = "sb://ihsuprod.servicebus.windows.net/";
  const hub = { "para.azure.iot_hostname": "abc", "para.azure.iot_access_key": "k" };
  const events = { "para.azure.iot_eventhub_name": "abc", "para.azure.iot_eventhub_endpoint": endpoint };
  expect(read({ ...hub, ...events }).hub?.events).toEqual({ name: "abc", endpoint });
  expect(() => read({ ...hub, "para.azure.iot_eventhub_name": "abc" })).toThrow("iot_eventhub_endpoint go together");
});

const PORTAL_SHOWS =
  "Endpoint=sb://ihsuprod.servicebus.windows.net/;SharedAccessKeyName=service;SharedAccessKey=a2V5=;EntityPath=iothub-ehub-abc-1-2";

test("the endpoint's whole connection string is enough, and its key is not kept", () => {
  const hub = { "para.azure.iot_hostname": "abc", "para.azure.iot_access_key": "k" };
  const endpoint = { "para.azure.iot_eventhub_endpoint": PORTAL_SHOWS };
  const events = { name: "iothub-ehub-abc-1-2", endpoint: "sb://ihsuprod.servicebus.windows.net/" };
  expect(read({ ...hub, ...endpoint }).hub?.events).toEqual(events);
  expect(read({ ...hub, ...endpoint, "para.azure.iot_eventhub_name": events.name }).hub?.events).toEqual(events);
  expect(() => read({ ...hub, ...endpoint, "para.azure.iot_eventhub_name": "abc" })).toThrow("another EntityPath");
  const withoutName = PORTAL_SHOWS.replace(/;EntityPath=.*/, "");
  expect(() => read({ ...hub, "para.azure.iot_eventhub_endpoint": withoutName })).toThrow("with its EntityPath");
  const ofTheHub = "HostName=abc.azure-devices.net;SharedAccessKeyName=service;SharedAccessKey=a2V5";
  const wrong = (): ParaSettings => read({ ...hub, "para.azure.iot_eventhub_endpoint": ofTheHub });
  expect(wrong).toThrow("takes an address (sb://…) or the Event Hub-compatible connection string");
  expect(wrong).not.toThrow("a2V5");
});

test("Things can be switched off", () => {
  expect(read({ "para.iot_enabled": "false" }).iotEnabled).toBe(false);
  expect(() => read({ "para.iot_enabled": "maybe" })).toThrow("takes 'true' or 'false'");
});

test.each([
  ["a key without a host", { "para.azure.iot_access_key": "k" }, "the first is missing"],
  ["a host without a key", { "para.azure.iot_hostname": "abc" }, "the second is missing"],
  [
    "a host that is none",
    { "para.azure.iot_hostname": "http://a b", "para.azure.iot_access_key": "k" },
    "must be a hub's",
  ],
  ["a worker beyond the ids' five bits", { "para.worker_id": "32" }, "takes 0 to 31"],
  ["a root secret that anybody guesses", { "para.root_secret_override": "abc" }, "at least 6 characters"],
])("%s is refused by name", (_what, settings, message) => {
  expect(() => read(settings as Record<string, string>)).toThrow(message);
});

const HUB_BLOCK = "para:\n  azure:\n    iot_hostname: abc\n    iot_access_key: c2VjcmV0\n";

test("in the file they are lines, or a block", () => {
  expect(readBoth(HUB_BLOCK, {}).hub).toEqual(HUB);
  const lines = "para.azure.iot_hostname: abc\npara.azure.iot_access_key: c2VjcmV0\npara.iot_enabled: false\n";
  expect(readBoth(lines, {})).toMatchObject({ hub: HUB, iotEnabled: false });
});

test.each(["para_azure_iot_hostname", "PARA_AZURE_IOT_HOSTNAME", "azure_iot_hostname", "para.azure.iot_hostname"])(
  "the environment's %s wins over the file's",
  (name) => {
    const { hub } = readBoth(HUB_BLOCK, { [name]: "other" });
    expect(hub).toEqual({ ...HUB, hostName: "other.azure-devices.net" });
    expect(readBoth(HUB_BLOCK, { [name]: "" }).hub).toEqual(HUB);
  },
);

test("a file as Para's own is written is refused by its name", () => {
  expect(() => readBoth("ISTHMUS_PORT: 0\npara.iot_enabled = true\n", {})).toThrow(
    /isthmus\.yaml, line 2: it must hold NAME: value lines/,
  );
});
