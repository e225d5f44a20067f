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
