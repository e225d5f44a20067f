import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../../api/testing/test-api.ts";
import { runCli } from "../run-cli.ts";

const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "local", name: "Plant" };

let api: TestApi;
let url: string;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  url = await api.listen();
  ({ token } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function run(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: { ISTHMUS_URL: url, ISTHMUS_TOKEN: token },
    signal: new AbortController().signal,
    now: () => api.world.now,
  });
  return { code, out, err };
}

async function make(): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const made = await api.app.inject({ method: "POST", url: "/v1/integrations", headers, payload: AZURE });
  return made.json<{ id: string }>().id;
}

test("each check is a line, what failed says what to do, and the exit code tells", async () => {
  const id = await make();
  expect(await run("doctor", id)).toMatchObject({ code: 0, out: expect.stringContaining("✓ https") as string });
  api.world.doctorReport = {
    pass: false,
    checks: [
      { name: "https", ok: false, message: "No \u001b[2Janswer.", code: "hub_unreachable", nextStep: "Look." },
      { name: "clock", ok: "skipped", message: "Not reached." },
    ],
  };
  const { code, out } = await run("doctor", id);
  expect(code).toBe(1);
  expect(out).toContain("✗ https            No ·[2Janswer.\n");
  expect(out).toMatch(/\n +Next: Look\.\n/);
  expect(out).toContain("- clock            Not reached.\n");
  expect(out).toContain("Something needs you.");
});

test("without a name all integrations are looked at, as JSON too", async () => {
  expect((await run("doctor")).out).toBe("No integration has a hub.\n");
  const ids = [await make(), await make()];
  const { out } = await run("doctor", "--json");
  expect(JSON.parse(out)).toEqual({
    reports: ids.map((integration) => ({
      integration,
      pass: true,
      checked_at: "2026-03-01T12:00:00.000Z",
      checks: [{ name: "https", ok: true, message: "Port 443 answers." }],
    })),
  });
  expect((await run("doctor")).out).toContain("Plant");
});
