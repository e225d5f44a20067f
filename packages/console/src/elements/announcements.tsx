import { Notification, Stack } from "@mantine/core";
import { useSyncExternalStore } from "react";

interface Announcement {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 5_000;
let shown: readonly Announcement[] = [];
let last = 0;
const listeners = new Set<() => void>();

/** Says for some seconds, and to screen readers, that something was done. Failures stay where they happened: `FailureNote`. */
export function announce(text: string): void {
  last += 1;
  const id = last;
  change([...shown.slice(-2), { id, text }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function Announcements() {
  const all = useSyncExternalStore(listen, () => shown);
  return (
    <Stack
      pos="fixed"
      bottom={16}
      right={16}
      gap="xs"
      role="status"
      style={{ zIndex: 400, maxWidth: "calc(100vw - 32px)" }}
    >
      {all.map(({ id, text }) => (
        <Notification key={id} withBorder closeButtonProps={{ "aria-label": "Dismiss" }} onClose={() => dismiss(id)}>
          {text}
        </Notification>
      ))}
    </Stack>
  );
}

function dismiss(id: number): void {
  change(shown.filter((one) => one.id !== id));
}

function change(next: readonly Announcement[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
