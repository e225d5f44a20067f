import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../../client/request.ts";
import { DataTable, type Column } from "../../elements/data-table.tsx";
import { Loaded } from "../../elements/loaded.tsx";
import { Section } from "../../elements/page.tsx";
import { Time } from "../../elements/time.tsx";
import type { Gap } from "./source.ts";

const COLUMNS: readonly Column<Gap>[] = [
  { name: "From", cell: ({ from }) => <Time at={from} /> },
  { name: "To", cell: ({ to }) => <Time at={to} never="still open" /> },
  { name: "Why", cell: ({ reason }) => <span className="foreign">{reason}</span> },
];

/** When a source received nothing: what was published then is lost, unless another brought it. */
export function Gaps({ path }: { readonly path: string }) {
  const gaps = useQuery({
    queryKey: ["sources", path, "gaps"],
    queryFn: ({ signal }) => request<{ gaps: readonly Gap[]; next: number | null }>(`${path}/gaps`, { signal }),
    refetchInterval: 15_000,
  });
  return (
    <Section title="Gaps">
      <Loaded query={gaps} lines={2}>
        {({ gaps: all, next }) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              None: nothing is known to be missed.
            </Text>
          ) : (
            <>
              <DataTable name="Gaps" columns={COLUMNS} rows={all} rowKey={({ id }) => id} />
              {next !== null && (
                <Text size="xs" c="dimmed">
                  These are the newest.
                </Text>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
