/** Errors of the machine, such as a port that is taken when the server starts, with what to do about them. */
import { CommandFailure } from "./command-failure.ts";

const FILES = "Check ISTHMUS_DATA, and the files that other settings name.";
const NEXT_STEPS: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "Another program has this port: stop it, or set ISTHMUS_PORT or ISTHMUS_MQTT_PORT to another one (0 picks a free one).",
  EADDRNOTAVAIL: "ISTHMUS_HOST takes an address of this machine.",
  EACCES: FILES,
  EISDIR: FILES,
  ENOENT: FILES,
  ENOSPC: FILES,
  ENOTDIR: FILES,
  EPERM: FILES,
  EROFS: FILES,
};

/** Errors with a code of their own keep it; anything else is `internal`. */
export function systemFailure(error: unknown): CommandFailure {
  const { message, code } = error as { message?: unknown; code?: unknown };
  if (typeof message !== "string" || typeof code !== "string") return new CommandFailure("internal", String(error));
  return new CommandFailure(code, message, NEXT_STEPS[code] ?? null);
}
