import { Button, Group, Text } from "@mantine/core";
import { FailureNote } from "../elements/failure-note.tsx";
import type { Delivery, Filters } from "./deliveries.ts";
import { DiscardButton } from "./discard-button.tsx";
import { useRetry } from "./failures.ts";

/** For what is chosen in the list, or for all that are parked while the list shows those. */
export function BulkActions({
  id,
  parked,
  chosen,
  rows,
  filters,
  onDone,
}: {
  readonly id: string;
  /** How many there are in all. */
  readonly parked: number;
  readonly chosen: ReadonlySet<number>;
  readonly rows: readonly Delivery[];
  readonly filters: Filters;
  readonly onDone: () => void;
}) {
  const retry = useRetry(id);
  // What has ended meanwhile is not in the list any more and not meant.
  const ids = rows.filter((row) => chosen.has(row.id)).map((row) => row.id);
  const isAllParked = filters.state === "parked" && Object.keys(filters).length === 1 && rows.length > 0;
  if (ids.length === 0 && !isAllParked) return null;
  const which = ids.length > 0 ? { ids } : ({ all: true } as const);
  return (
    <>
      {retry.error !== null && <FailureNote failure={retry.error} />}
      <Group gap="xs" role="group" aria-label="Actions">
        <Text size="sm">{ids.length > 0 ? `${ids.length} chosen` : "All that are parked"}</Text>
        <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate(which, { onSuccess: onDone })}>
          {ids.length > 0 ? `Retry ${ids.length}` : "Retry all"}
        </Button>
        <DiscardButton
          id={id}
          which={which}
          count={ids.length > 0 ? ids.length : parked}
          label={ids.length > 0 ? `Discard ${ids.length}…` : "Discard all…"}
          onDone={onDone}
        />
      </Group>
    </>
  );
}
