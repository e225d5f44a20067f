import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { StandInApi } from "../demo/testing/stand-in-api.ts";
import { registerDemo } from "./demo.ts";

test("the demo publishes to the server that the environment names until it is interrupted", async () => {
  const api = new StandInApi();
  await api.start();
  const dataFolder = await mkdtemp(join(tmpdir(), "isthmus-demo-"));
  const interrupted = new AbortController();
  const printed: string[] = [];
  try {
    const program = new Command("isthmus").option("--url <url>").option("--token <token>").option("--json");
    registerDemo(program, {
      out: (text) => void printed.push(text),
      err: (text) => void printed.push(text),
      env: { ISTHMUS_URL: api.url, ISTHMUS_TOKEN: api.accessToken, ISTHMUS_DATA: dataFolder },
      signal: interrupted.signal,
      now: Date.now,
    });
    const ended = program.parseAsync(["demo"], { from: "user" });
    await expect.poll(() => api.events.length).toBeGreaterThan(0);
    interrupted.abort();
    await ended;
    expect(printed.join("")).toContain("newark-airport");
  } finally {
    interrupted.abort();
    await api.stop();
    await rm(dataFolder, { recursive: true });
  }
});
