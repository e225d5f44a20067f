import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { DataTable } from "../elements/data-table.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import type { Json } from "./json.ts";
import { statePath } from "./state-path.ts";

interface Conflict {
  readonly at: string;
  readonly path: string;
  readonly ours: Json;
  readonly theirs: Json;
  readonly their_source: string;
  readonly kept: "ours" | "theirs";
  readonly rule: "newest" | "hub" | "ours";
}

/** What both sides wrote at once, and whose value was kept. */
export function ConflictList({ id, count }: { readonly id: string; readonly count: number }) {
  const query = useQuery({
    queryKey: ["devices", id, "state", "conflicts", count],
    queryFn: ({ signal }) =>
      request<{ readonly conflicts: readonly Conflict[] }>(`${statePath(id)}/conflicts`, { signal }),
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
              rowKey={({ at, path }) => `${at} ${path}`}
              columns={[
                { name: "When", cell: ({ at }) => <Time at={at} /> },
                { name: "Property", cell: ({ path }) => <span className="foreign">{path}</span> },
                { name: "Written here", cell: (row) => <Value value={row.ours} kept={row.kept === "ours"} /> },
                { name: "Written there", cell: (row) => <Value value={row.theirs} kept={row.kept === "theirs"} /> },
                { name: "Rule", wideOnly: true, cell: ({ rule }) => rule },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

function Value({ value, kept }: { readonly value: Json; readonly kept: boolean }) {
  return (
    <span className="foreign">
      {value === null ? "removed" : JSON.stringify(value)}
      {kept && <b> (kept)</b>}
    </span>
  );
}
