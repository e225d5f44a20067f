import { Box, SimpleGrid, Text } from "@mantine/core";
import { HistoryGraph } from "../elements/history-graph.tsx";
import { SUCCESS_AND_FAILURE, type Series } from "../elements/history-series.ts";
import { Loaded } from "../elements/loaded.tsx";
import { Page, Section } from "../elements/page.tsx";
import { AttentionList } from "./attention-list.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { Numbers } from "./numbers.tsx";
import { useDayHistory, useOverview, type LiveOverview } from "./overview.ts";
import type { PacePoint } from "./recent-pace.ts";
import { TargetList } from "./target-list.tsx";

const IN_AND_OUT: readonly Series<PacePoint>[] = [
  { name: "Messages out, a second", tone: "good", of: (point) => point.out },
  { name: "Events in, a second", tone: "quiet", of: (point) => point.in, dashed: true },
];

export function HomePage() {
  const query = useOverview();
  return (
    <Page title="Home">
      <Loaded query={query} lines={8}>
        {(overview) => <Everything overview={overview} />}
      </Loaded>
    </Page>
  );
}

function Everything({ overview }: { readonly overview: LiveOverview }) {
  const { integrations, ledger, attention, attention_total, hubs, hubs_total } = overview;
  const isNew = integrations === 0 || ledger.accepted === 0;
  return (
    <>
      <Numbers overview={overview} />
      {isNew && <FirstSteps overview={overview} />}
      {(attention.length > 0 || !isNew) && (
        <Section title="What needs you">
          <AttentionList attention={attention} total={attention_total} />
        </Section>
      )}
      {!isNew && <Graphs recent={overview.recent} />}
      {hubs.length > 0 && (
        <Section title="Where events go">
          <TargetList targets={hubs} total={hubs_total} />
        </Section>
      )}
    </>
  );
}

function Graphs({ recent }: { readonly recent: readonly PacePoint[] }) {
  const day = useDayHistory();
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Section title="Last minutes">
        <Box mih={190}>
          {recent.length < 3 && (
            <Text size="sm" c="dimmed">
              Drawn while you look.
            </Text>
          )}
          <HistoryGraph label="Events a second in the last minutes" points={recent} series={IN_AND_OUT} kind="lines" />
        </Box>
      </Section>
      <Section title="Last 24 hours">
        <Box mih={190}>
          <Loaded query={day}>
            {(points) => (
              <HistoryGraph label="Deliveries of the last 24 hours" points={points} series={SUCCESS_AND_FAILURE} />
            )}
          </Loaded>
        </Box>
      </Section>
    </SimpleGrid>
  );
}
