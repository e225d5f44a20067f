import { useEffect, useRef, useState } from "react";
import { ApiFailure } from "../client/failure.ts";
import { readLines } from "../client/lines.ts";
import { segment } from "../client/request.ts";
import { tailLine, type TailMessage } from "./tail.ts";

/** What is kept; older ones leave. */
const MAX_ROWS = 100;
/** Rows of a busy hub come together, so that the page keeps its breath. */
const FLUSH_MS = 300;
const AGAIN_MS = 3_000;

export interface Tail {
  /** Newest first. */
  readonly rows: readonly TailMessage[];
  readonly failure: unknown;
  readonly isOpen: boolean;
  readonly clear: () => void;
}

/** Of one device alone, and from some moment on; Unix milliseconds. */
export interface TailQuery {
  readonly device?: string;
  readonly since?: number;
}

/** Reads what arrives in the integration's hub from now on, while `isOn`. Reconnects by itself. */
export function useTail(
  id: string,
  isOn: boolean,
  wants: (message: TailMessage) => boolean,
  { device, since }: TailQuery = {},
): Tail {
  const [rows, setRows] = useState<readonly TailMessage[]>([]);
  const [failure, setFailure] = useState<unknown>(null);
  const [isOpen, setOpen] = useState(false);
  const latest = useRef(wants);
  useEffect(() => {
    latest.current = wants;
  });

  useEffect(() => {
    if (!isOn) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    let came: TailMessage[] = [];
    const timer = setInterval(() => {
      if (came.length === 0) return;
      const fresh = came.toReversed();
      came = [];
      setRows((known) => [...fresh, ...known].slice(0, MAX_ROWS));
    }, FLUSH_MS);

    function take(line: string): void {
      setOpen(true);
      const read = tailLine(line);
      if (read?.kind === "failure") setFailure(read.failure);
      if (read?.kind !== "message" || !latest.current(read)) return;
      setFailure(null);
      came.push(read);
      if (came.length > MAX_ROWS) came.shift();
    }

    async function follow(): Promise<void> {
      const path = `/admin/v1/hubs/${segment(id)}/monitor-events`;
      while (!signal.aborted) {
        try {
          await readLines(path, { query: { device, since }, signal, onLine: take });
        } catch (error) {
          if (signal.aborted) return;
          setFailure(error);
          // What is refused is refused again; the hub may be there later.
          if (error instanceof ApiFailure && error.status >= 400 && error.status < 500) return;
        } finally {
          setOpen(false);
        }
        await pause(AGAIN_MS, signal);
      }
    }

    void follow();
    return () => {
      controller.abort();
      clearInterval(timer);
      setOpen(false);
    };
  }, [id, isOn, device, since]);

  return { rows, failure, isOpen, clear: () => setRows([]) };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
