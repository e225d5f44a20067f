import { Text } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { Hint } from "./hint.tsx";
import { exactTime, relativeTime } from "./time-words.ts";

const TICK_MS = 5_000;

/** A moment: how long ago or until, with the exact time on hover and on focus. ISO text or unix milliseconds. */
export function Time({
  at,
  never = "never",
}: {
  readonly at: string | number | null | undefined;
  readonly never?: string;
}) {
  const now = useNow();
  if (at === null || at === undefined) {
    return (
      <Text span c="dimmed" inherit>
        {never}
      </Text>
    );
  }
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return <>{String(at)}</>;
  return (
    <Hint text={exactTime(time)}>
      {/* That time goes by is not read aloud, wherever it stands. */}
      <time aria-live="off" dateTime={time.toISOString()} tabIndex={0} className="number">
        {relativeTime(time.getTime(), now)}
      </time>
    </Hint>
  );
}

// One clock for all times on the page.
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const watchers = new Set<() => void>();

function useNow(): number {
  return useSyncExternalStore(watch, () => now);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, TICK_MS);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}
