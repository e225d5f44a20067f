/** Looks at a hub's registry, or changes it, with Microsoft's service SDK in a process of its own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { builtFile, type FirstRun } from "./isthmus-process.ts";

const run = promisify(execFile);

/** The answer's JSON; `{ error, message }` when the SDK threw. */
export function lookUp(firstRun: FirstRun, what: "identity" | "twin", id: string): Promise<Record<string, unknown>> {
  return ask(firstRun, what, id);
}

/** As somebody else with the hub's key; throws what the SDK threw. */
export async function changeHub(firstRun: FirstRun, what: "create" | "delete", id: string): Promise<void> {
  const { error, message } = await ask(firstRun, what, id);
  if (error !== undefined) throw new Error(String(message));
}

async function ask(
  { localHub }: FirstRun,
  what: "identity" | "twin" | "create" | "delete",
  id: string,
): Promise<Record<string, unknown>> {
  const script = builtFile("node_modules/.cache/isthmus-e2e/clients/hub-registry.js");
  const args = [script, localHub.connectionString, String(localHub.httpsPort), what, id];
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: localHub.caFile },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}
