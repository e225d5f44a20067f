import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { useAddress } from "../elements/address.ts";
import { HistoryGraph } from "../elements/history-graph.tsx";
import { SUCCESS_AND_FAILURE } from "../elements/history-series.ts";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import {
  filled,
  rangeOf,
  WINDOWS,
  type HistoryPoint,
  type HistoryWindow,
  type SeriesAnswer,
} from "./history-window.ts";
import { adminPath, LIVE_MS, pageOf, type IntegrationDetail } from "./integration.ts";

/** Deliveries over time; a bar leads to its rows. */
export function History({ integration: { id } }: { readonly integration: IntegrationDetail }) {
  const { fields: search, change } = useAddress();
  const window = WINDOWS.find(({ name }) => name === search.get("history")) ?? WINDOWS[1]!;
  const query = useQuery({
    queryKey: ["integrations", id, "series", window.name],
    queryFn: ({ signal }) => seriesOf(id, window, signal),
    refetchInterval: LIVE_MS * 3,
    placeholderData: keepPreviousData,
  });
  const bucket = window.bucketS * 1_000;
  const label = `Deliveries of the last ${window.title}`;
  return (
    <Section
      title="History"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="How far back"
          value={window.name}
          data={WINDOWS.map(({ name, title }) => ({ value: name, label: title }))}
          onChange={(name) => change({ history: name }, { replace: true })}
        />
      }
    >
      <Loaded query={query} lines={6}>
        {(points) => (
          <HistoryGraph
            label={label}
            points={points}
            series={SUCCESS_AND_FAILURE}
            linkOf={({ time }) =>
              pageOf(id, "deliveries", {
                since: new Date(time).toISOString(),
                until: new Date(time + bucket).toISOString(),
              })
            }
          />
        )}
      </Loaded>
    </Section>
  );
}

async function seriesOf(id: string, window: HistoryWindow, signal: AbortSignal): Promise<readonly HistoryPoint[]> {
  const now = Date.now();
  const { series } = await request<{ series: readonly SeriesAnswer[] }>(adminPath(id, "series"), {
    query: { ...rangeOf(window, now), bucket: window.bucketS },
    signal,
  });
  return filled(series, window, now);
}
