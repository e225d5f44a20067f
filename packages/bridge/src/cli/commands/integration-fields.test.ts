import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Json } from "../api-client.ts";
import { integrationFields, settingOptions } from "./integration-fields.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus-fields-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function fields(args: string[], env: Record<string, string> = {}): Promise<Json> {
  const command = settingOptions(new Command()).exitOverride();
  command.parse(args, { from: "user" });
  return integrationFields(command.opts(), env);
}

test("the other key comes from a file or the environment, never from the command line", async () => {
  const file = join(folder, "key");
  await writeFile(file, "c2Vjb25k\n");
  expect(await fields(["--secondary-key-file", file])).toEqual({ secondary_policy_key: "c2Vjb25k" });
  const env = { ISTHMUS_SECONDARY_POLICY_KEY: "ZW52" };
  expect(await fields([], env)).toEqual({ secondary_policy_key: "ZW52" });
  expect(await fields(["--no-secondary-key"], env)).toEqual({ secondary_policy_key: "" });
  expect(await fields([])).toEqual({});
});

test("an Entra credential is a JSON file, and goes with `none`", async () => {
  const file = join(folder, "entra.json");
  await writeFile(file, '{"credential":"managed_identity"}');
  expect(await fields(["--entra", file])).toEqual({ entra: { credential: "managed_identity" } });
  expect(await fields(["--entra", "none"])).toEqual({ entra: null });
  await writeFile(file, "{");
  await expect(fields(["--entra", file])).rejects.toThrow(/does not hold JSON/);
  await expect(fields(["--entra", join(folder, "gone")])).rejects.toThrow(/cannot be read/);
});
