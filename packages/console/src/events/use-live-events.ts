import { useEffect, useRef, useState } from "react";
import { ApiFailure } from "../client/failure.ts";
import { readEvents } from "../client/lines.ts";
import { eventQuery, type EventFilter } from "./event.ts";
import { LiveEvents, type LiveList } from "./live-events.ts";

/** How often the page shows what came, and how long it waits before it connects again. */
const TURN_MS = 250;
const PATIENCE_MS = { first: 1_000, longest: 15_000 } as const;

export interface LiveFeed {
  readonly list: LiveList;
  readonly connection: "opening" | "open" | "lost";
  /** Why the server will not tell: asking again would not help. */
  readonly refusal: ApiFailure | null;
  readonly clear: () => void;
}

/** The events of a filter as they come; a component has one filter for its life. `onBack` is called when the connection is there again after a gap. */
export function useLiveEvents(filter: EventFilter, held: boolean, onBack: () => void): LiveFeed {
  const [live] = useState(() => new LiveEvents());
  const [list, setList] = useState<LiveList>(live.list);
  const [connection, setConnection] = useState<LiveFeed["connection"]>("opening");
  const [refusal, setRefusal] = useState<ApiFailure | null>(null);
  const back = useRef(onBack);
  useEffect(() => {
    back.current = onBack;
  });

  const { prefix, device, product } = filter;
  useEffect(() => {
    const leave = new AbortController();
    void follow({ prefix, device, product }, leave.signal, {
      onFrame: (frame) => live.take(frame),
      onOpen(isAgain) {
        setConnection("open");
        if (!isAgain) return;
        live.clear();
        setList(live.list);
        back.current();
      },
      onLost: () => setConnection("lost"),
      onRefused: setRefusal,
    });
    return () => leave.abort();
  }, [live, prefix, device, product]);

  useEffect(() => {
    let frame = 0;
    let timer = setTimeout(turn, TURN_MS);
    // The next turn waits until this one is drawn: a page that is busy has fewer turns, and still answers.
    function turn(): void {
      if (live.turn({ held })) setList(live.list);
      frame = requestAnimationFrame(() => {
        timer = setTimeout(turn, TURN_MS);
      });
    }
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [live, held]);

  return {
    list,
    connection,
    refusal,
    clear() {
      live.clear();
      setList(live.list);
    },
  };
}

interface Following {
  readonly onFrame: (frame: string) => void;
  readonly onOpen: (isAgain: boolean) => void;
  readonly onLost: () => void;
  readonly onRefused: (failure: ApiFailure) => void;
}

/** Reads the stream until the signal aborts, and opens it again whenever it ends. */
async function follow(
  filter: EventFilter,
  signal: AbortSignal,
  { onFrame, onOpen, onLost, onRefused }: Following,
): Promise<void> {
  let patience: number = PATIENCE_MS.first;
  let isAgain = false;
  while (!signal.aborted) {
    try {
      await readEvents("/admin/v1/events/stream", {
        query: eventQuery(filter),
        signal,
        onOpen() {
          patience = PATIENCE_MS.first;
          onOpen(isAgain);
          isAgain = true;
        },
        onEvent: (_name, data) => onFrame(data),
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiFailure && error.status >= 400 && error.status < 500 && error.status !== 429) {
        return onRefused(error);
      }
    }
    if (signal.aborted) return;
    onLost();
    await waited(patience, signal);
    patience = Math.min(2 * patience, PATIENCE_MS.longest);
  }
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
