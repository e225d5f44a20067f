/** Runs a part of the bench in its own process and returns the JSON that it prints. */
import { spawn } from "node:child_process";
import { builtFile } from "../support/isthmus-process.ts";

export function runPart<Result>(name: string, plan: object, environment: Record<string, string> = {}): Promise<Result> {
  const script = builtFile(`node_modules/.cache/isthmus-e2e/bench/${name}.js`);
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // Plans name thousands of devices: too long for an argument.
  child.stdin.end(JSON.stringify(plan));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      if (code === 0 && output !== "") resolve(JSON.parse(output) as Result);
      else reject(new Error(`${name} ended with ${code}.`));
    });
  });
}

/** The plan, in the part's own process. */
export async function readPlan<Plan>(): Promise<Plan> {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return JSON.parse(text) as Plan;
}
