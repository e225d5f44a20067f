import { Alert, Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loading } from "../elements/loaded.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { useProducts } from "../products/product.ts";
import { EventTable } from "./event-rows.tsx";
import { useStoredEvents, type EventFilter, type ShownEvent } from "./event.ts";
import { publishCommand } from "./publish-command.ts";
import { useLiveEvents, type LiveFeed } from "./use-live-events.ts";

/** Live events above those that were there before, which are paged back. */
export function EventList({ filter }: { readonly filter: EventFilter }) {
  const [paused, setPaused] = useState(false);
  const [clearedAt, setClearedAt] = useState<string | null>(null);
  const [wasAway, setWasAway] = useState(false);
  const queries = useQueryClient();
  const feed = useLiveEvents(filter, paused, () => {
    setWasAway(true);
    readAgain();
  });
  const { list, connection, refusal } = feed;
  // Asked when the stream is open, so that nothing is lost between them.
  const stored = useStoredEvents(filter, { enabled: connection !== "opening" && refusal === null });
  const products = useProducts();
  const byId = useMemo(() => new Map((products.data ?? []).map((product) => [product.id, product])), [products.data]);
  const before = useMemo(() => stored.data?.pages.flatMap((page) => page.events) ?? [], [stored.data]);
  const events = useMemo(
    () => allOnce(list.events, clearedAt === null ? before : []),
    [list.events, before, clearedAt],
  );

  function readAgain(): void {
    setClearedAt(null);
    void queries.resetQueries({ queryKey: ["events", "list"] });
  }

  function clear(): void {
    feed.clear();
    setClearedAt(new Date().toISOString());
  }

  if (refusal !== null) return <FailureNote failure={refusal} />;
  return (
    <>
      <Group justify="space-between" gap="xs">
        <Connection feed={feed} paused={paused} />
        <Group gap="xs">
          <Button variant="default" onClick={() => setPaused(!paused)}>
            {paused ? "Go on" : "Pause"}
          </Button>
          <Button variant="default" onClick={clear} disabled={events.length === 0}>
            Clear
          </Button>
        </Group>
      </Group>
      {wasAway && connection === "open" && (
        <Alert color="gray" variant="light">
          The connection was lost for a while and is back. What came meanwhile was read from the store.
        </Alert>
      )}
      {stored.error !== null && <FailureNote failure={stored.error} />}
      {events.length > 0 ? (
        <EventTable events={events} products={byId} />
      ) : stored.isPending ? (
        <Loading />
      ) : (
        <Nothing isCleared={clearedAt !== null} isFiltered={Object.values(filter).some((text) => text !== "")} />
      )}
      <div>
        {clearedAt !== null ? (
          <Button variant="default" onClick={readAgain}>
            Show earlier events again
          </Button>
        ) : (
          stored.hasNextPage && (
            <Button variant="default" loading={stored.isFetchingNextPage} onClick={() => void stored.fetchNextPage()}>
              Show earlier events
            </Button>
          )
        )}
      </div>
    </>
  );
}

/** Whether it is live, what waits and what was left out. */
function Connection({ feed: { connection, list }, paused }: { readonly feed: LiveFeed; readonly paused: boolean }) {
  return (
    <Group gap="md" mih={22}>
      {connection === "lost" ? (
        <StateBadge tone="bad">Not connected; trying again</StateBadge>
      ) : paused ? (
        <StateBadge tone="wait">{`Paused: ${list.waiting.toLocaleString()} came meanwhile`}</StateBadge>
      ) : connection === "open" ? (
        <StateBadge tone="good">Live</StateBadge>
      ) : (
        <StateBadge tone="quiet">Connecting</StateBadge>
      )}
      {list.leftOut > 0 && (
        <Text size="sm" c="dimmed">
          {list.leftOut.toLocaleString()} came too fast to be shown. They are stored; a filter shows fewer.
        </Text>
      )}
    </Group>
  );
}

function Nothing({ isCleared, isFiltered }: { readonly isCleared: boolean; readonly isFiltered: boolean }) {
  if (isCleared) return <Empty title="Cleared">What comes from now on shows up here.</Empty>;
  if (isFiltered) {
    return (
      <Empty title="No such event yet">
        Names are compared from their beginning, and letter case counts. What comes now shows up here by itself.
      </Empty>
    );
  }
  const draft = { product: "", device: "", name: "temperature", data: "21.5", type: "" };
  return (
    <Empty title="No event yet" command={publishCommand(location.origin, draft)}>
      Events show up here by themselves as soon as a device publishes one. To try it, press “Publish an event” or run:
    </Empty>
  );
}

/** Live ones first; what is both live and stored is shown once. */
function allOnce(live: readonly ShownEvent[], stored: readonly ShownEvent[]): readonly ShownEvent[] {
  if (live.length === 0) return stored;
  const seen = new Set(live.map(({ id }) => id));
  return [...live, ...stored.filter(({ id }) => !seen.has(id))];
}
