/**
 * The command. For a person it prints where the hub is. For a parent process with an IPC channel it sends one message,
 * `ready` or `failed`, writes nothing to standard output, and stops when told, when terminated or when the parent is gone.
 */
import { ConfigError, helpText, readConfig } from "../config.ts";
import { createEmulator } from "../emulator.ts";
import type { EmulatorAddresses } from "../addresses.ts";
import type { Emulator } from "../emulator.ts";
import type { HubError } from "../hub/errors.ts";
import type { ClosedConnection } from "../mqtt/context.ts";
import { FolderInUseError } from "../hub/journal/folder-lock.ts";
import { ListenError } from "../listening.ts";
import { CertificateCommandError, certificates } from "./certificates.ts";
import { readyText } from "./ready-text.ts";

/** What the command sends to its parent. */
export type ParentMessage =
  | ({ readonly type: "ready" } & EmulatorAddresses)
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/** Their message says all; others are shown with their stack. */
const KNOWN_ERRORS = [ListenError, ConfigError, FolderInUseError, CertificateCommandError];

/** Longer than this a stop must not take; what was accepted is written long before. */
const STOP_LIMIT_MS = 8_000;

export async function main(): Promise<void> {
  try {
    const [command, ...args] = process.argv.slice(2);
    if (command === "certificates") {
      process.stdout.write(await certificates(args));
      return;
    }
    const options = readConfig();
    if (options === undefined) {
      process.stdout.write(helpText());
      return;
    }
    const emulator = createEmulator({ ...options, reportFault, ...(process.send === undefined && { reportClosed }) });
    stopOnRequest(emulator);
    const addresses = await emulator.start();
    if (process.send === undefined) process.stdout.write(readyText(addresses));
    else tellParent({ type: "ready", ...addresses });
  } catch (error) {
    fail(error);
  }
}

function stopOnRequest(emulator: Emulator): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void emulator.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on("SIGTERM", stop);
  // Ctrl-C reaches the whole process group; a parent decides itself when its hub may go.
  process.on("SIGINT", () => {
    if (process.send === undefined) stop();
  });
  process.on("disconnect", stop);
  // A parent that went while this process was still loading is told by no event any more.
  if (process.connected === false) stop();
  process.on("message", (message: unknown) => {
    if ((message as { readonly type?: unknown } | null)?.type === "stop") stop();
  });
}

function tellParent(message: ParentMessage): void {
  // A channel that closed meanwhile is answered by the disconnect event.
  process.send?.(message, undefined, {}, () => undefined);
}

function fail(error: unknown): void {
  const known = KNOWN_ERRORS.some((kind) => error instanceof kind);
  const message = error instanceof Error ? error.message : String(error);
  const code = known ? (error as Error & { readonly code: string }).code : "start_failed";
  process.exitCode = 1;
  const saysAll = known || isFileError(error) || !(error instanceof Error);
  process.stderr.write(`${saysAll ? message : (error.stack ?? message)}\n`);
  if (process.send === undefined) process.exit();
  process.send({ type: "failed", code, message } satisfies ParentMessage, undefined, {}, () => process.exit());
}

/** A folder or file that cannot be read or written: its message names it. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && "path" in error && "syscall" in error;
}

// A person sees here why a device was sent away; a parent process has its own log to keep readable.
function reportClosed({ clientId, reason }: ClosedConnection): void {
  const time = new Date().toISOString();
  process.stderr.write(
    `${JSON.stringify({ time, event: "connection.closed", protocol: "mqtt", clientId, reason: reason.message })}\n`,
  );
}

function reportFault({ trackingId, cause }: HubError): void {
  const error = cause instanceof Error ? cause.stack : String(cause);
  const time = new Date().toISOString();
  process.stderr.write(`${JSON.stringify({ time, event: "request.failed", trackingId, error })}\n`);
}
