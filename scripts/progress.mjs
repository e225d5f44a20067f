// Runs a command behind one line that says what is going on and for how long. Its output is kept and shown when it fails.
import { spawn } from "node:child_process";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const REFRESH_MS = 120;
/** npm warns about settings that newer versions dropped. They are the user's, and harmless. */
const NOISE = /^npm warn Unknown (user|env|global|project|builtin) config/i;

/**
 * @param {string} title what is done, e.g. "Installing packages"
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, detail?: (output: string) => string | Promise<string> }} [options]
 *   `detail`: words to put behind the title, asked for at every refresh
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export async function runWithProgress(title, command, args, { env = process.env, cwd, detail = () => "" } = {}) {
  const line = startLine(title);
  const child = spawn(command, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const stopChild = () => child.kill("SIGTERM");
  process.once("SIGTERM", stopChild);

  let output = "";
  const collect = (chunk) => (output += chunk);
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  const refresh = setInterval(() => {
    void Promise.resolve(detail(output)).then(line.update);
  }, REFRESH_MS);

  const ok = await new Promise((resolve) => {
    child.once("error", (error) => {
      output += `${command}: ${error.message}\n`;
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
  clearInterval(refresh);
  process.removeListener("SIGTERM", stopChild);
  line.end(ok);
  return { ok, output: withoutNoise(output) };
}

/** A line that rewrites itself on a terminal; elsewhere one line at the start and one at the end. */
function startLine(title) {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const isTerminal = process.stdout.isTTY === true;
  let frame = 0;
  let ended = false;
  if (!isTerminal) process.stdout.write(`… ${title}\n`);
  return {
    update(detail) {
      if (!isTerminal || ended) return;
      frame = (frame + 1) % FRAMES.length;
      const text = `${FRAMES[frame]} ${title} ${detail === "" ? "" : `${detail} `}${seconds()}`;
      process.stdout.write(`\r\u001b[2K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
    },
    end(ok) {
      ended = true;
      process.stdout.write(`${isTerminal ? "\r\u001b[2K" : ""}${ok ? "✓" : "✗"} ${title} (${seconds()})\n`);
    },
  };
}

function withoutNoise(output) {
  return output
    .split("\n")
    .filter((line) => !NOISE.test(line))
    .join("\n");
}
