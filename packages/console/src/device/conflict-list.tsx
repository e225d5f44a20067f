import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { DataTable } from "../elements/data-table.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { CONFLICT_COLUMNS, conflictKey } from "../things/conflict-table.tsx";
import type { ConflictRow } from "../things/thing-rows.ts";
import { statePath } from "./state-path.ts";

/** What both sides wrote at once, and whose value was kept. */
export function ConflictList({ id, count }: { readonly id: string; readonly count: number }) {
  const query = useQuery({
    queryKey: ["devices", id, "state", "conflicts", count],
    queryFn: ({ signal }) =>
      request<{ readonly conflicts: readonly ConflictRow[] }>(`${statePath(id)}/conflicts`, { signal }),
  });
  return (
    <Section title={`Conflicts (${count.toLocaleString()})`}>
      <Loaded query={query} lines={2}>
        {({ conflicts }) =>
          conflicts.length === 0 ? (
            <Text size="sm" c="dimmed">
              None: nothing was written on both sides at once.
            </Text>
          ) : (
            <DataTable
              name="Conflicts of the device"
              rows={conflicts}
              rowKey={conflictKey}
              columns={CONFLICT_COLUMNS}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
