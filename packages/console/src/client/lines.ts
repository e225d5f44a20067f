/** Answers that do not end: server-sent events and lines of JSON, read as they come. */
import { send, type Query } from "./request.ts";

/** Calls back for each line until the answer ends or the signal aborts; resolves then. Rejects as `request` does. */
export async function readLines(
  path: string,
  options: {
    readonly query?: Query;
    readonly signal: AbortSignal;
    /** The server answers: what happens from now on is told. */
    readonly onOpen?: () => void;
    readonly onLine: (line: string) => void;
  },
): Promise<void> {
  const { query, signal, onOpen, onLine } = options;
  const response = await send(path, { ...(query && { query }), signal });
  onOpen?.();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Server-sent events of the device cloud's API: a name and one line of data each. */
export async function readEvents(
  path: string,
  options: {
    readonly query?: Query;
    readonly signal: AbortSignal;
    readonly onOpen?: () => void;
    readonly onEvent: (name: string, data: string) => void;
  },
): Promise<void> {
  let name = "";
  await readLines(path, {
    ...options,
    onLine(line) {
      if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) options.onEvent(name, line.slice(6));
    },
  });
}
