import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { FirstRun } from "../first-run.ts";
import { banner, type BannerContent } from "./banner.ts";

const FIRST_RUN: FirstRun = {
  url: "http://127.0.0.1:8080",
  mqttUrl: "mqtt://127.0.0.1:1883",
  username: "admin@isthmus.local",
  password: "the-password",
  accessToken: "the-token",
  para: { accessKey: "app:para", secretKey: "the-secret-key" },
};
const FIRST: BannerContent = {
  firstRun: FIRST_RUN,
  folder: "/data",
  hasConsole: true,
  showSecrets: true,
  para: { iotEnabled: true, hub: null },
  signInPath: "/console/#sign-in=once",
};

function linesOf(content: BannerContent): readonly string[] {
  return stripVTControlCharacters(banner(content)).split("\n");
}

test("the first thing to see is the link that signs in", () => {
  expect(linesOf(FIRST).slice(0, 4)).toEqual([
    "Isthmus is running.",
    "  open this once http://127.0.0.1:8080/console/#sign-in=once",
    "  console        http://127.0.0.1:8080/console/",
    "  API            http://127.0.0.1:8080",
  ]);
});

test("later starts show no secrets, and how to get a link", () => {
  const text = linesOf({ ...FIRST, showSecrets: false, signInPath: null }).join("\n");
  for (const secret of ["the-password", "the-token", "the-secret-key"]) expect(text).not.toContain(secret);
  expect(text).toContain(
    "console        http://127.0.0.1:8080/console/  (isthmus console prints a link that signs in)",
  );
});

test("what is not there has no line", () => {
  const { mqttUrl: _, ...firstRun } = FIRST_RUN;
  const text = linesOf({ ...FIRST, firstRun, hasConsole: false, signInPath: null }).join("\n");
  for (const name of ["console", "MQTT", "Local Hub"]) expect(text).not.toContain(name);
});

test.each([
  [
    "the server's own",
    { hub: { hostName: "abc.azure-devices.net" } },
    "in abc.azure-devices.net (para.azure.iot_hostname)",
  ],
  ["none", {}, "where their product names a hub (isthmus things settings PRODUCT --hub HUB, or para.azure.*)"],
  ["none, switched off", { iotEnabled: false }, "switched off by para.iot_enabled"],
])("it says which hub mirrors Things: %s", (_which, para, words) => {
  const content = { ...FIRST, para: { ...FIRST.para, ...para } } as BannerContent;
  const lines = linesOf(content);
  expect(lines.filter((line) => line.startsWith("  Things "))).toEqual([expect.stringContaining(words)]);
});

test("where there is only the Local Hub, it mirrors Things", () => {
  const localHub = {
    hostName: "localhost",
    httpsPort: 1,
    amqpsPort: 2,
    mqttsPort: 3,
    connectionString: "",
    caFile: "",
  };
  const firstRun = { ...FIRST_RUN, localHub } as unknown as FirstRun;
  expect(linesOf({ ...FIRST, firstRun }).join("\n")).toContain("Things         in the Local Hub, unless");
});
