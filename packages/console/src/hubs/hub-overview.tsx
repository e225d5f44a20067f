import { Group, Paper, SimpleGrid, Stack } from "@mantine/core";
import { Tile } from "../elements/count.tsx";
import { HistoryGraph } from "../elements/history-graph.tsx";
import type { Series, Timed } from "../elements/history-series.ts";
import { Section } from "../elements/page.tsx";
import type { ConnectionDetail } from "./connection.ts";
import { evenly } from "./even-points.ts";
import { HubState } from "./hub-state.tsx";
import { HubUsers } from "./hub-users.tsx";
import { QuotaGauge } from "./quota-gauge.tsx";
import { TierForm } from "./tier-form.tsx";

interface Use extends Timed {
  readonly messages: number;
}

const SERIES: readonly Series<Use>[] = [{ name: "Messages", tone: "good", of: ({ messages }) => messages }];

export function HubOverview({
  detail: { connection, last_24h: points },
  seenAt,
}: {
  readonly detail: ConnectionDetail;
  /** Unix milliseconds. */
  readonly seenAt: number;
}) {
  const { rate, waiting, in_flight: inFlight, key_in_use: key } = connection;
  return (
    <Stack gap="md">
      <HubState connection={connection} />
      <Group gap="xs" align="stretch">
        <Tile
          name="Messages a second"
          note={rate.limit === null ? "no limit met" : `limit ${rate.limit.toLocaleString()}, learned`}
        >
          {rate.per_second.toLocaleString()}
        </Tile>
        <Tile name="Devices that wait">{waiting.toLocaleString()}</Tile>
        <Tile name="Under way">{inFlight.toLocaleString()}</Tile>
        <Tile name="Key in use" note="refused, it gives way to the other one">
          {key ?? "–"}
        </Tile>
      </Group>
      <HubUsers connection={connection} />
      <Section title="Today's messages">
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Paper withBorder p="md">
            <QuotaGauge quota={connection.quota} detailed />
          </Paper>
          <Paper withBorder p="md">
            <TierForm key={`${connection.tier} ${connection.units} ${connection.name}`} connection={connection} />
          </Paper>
        </SimpleGrid>
      </Section>
      <Section title="The last 24 hours">
        <HistoryGraph
          label="Messages that the hub counted, last 24 hours"
          points={evenly(points, seenAt)}
          series={SERIES}
        />
      </Section>
    </Stack>
  );
}
