import { Anchor, Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { pathOf, titleOf, type Connection } from "./connection.ts";
import { HubState } from "./hub-state.tsx";
import { HubUsers } from "./hub-users.tsx";
import { QuotaGauge } from "./quota-gauge.tsx";

/** One hub connection in the list. */
export function HubCard({ connection }: { readonly connection: Connection }) {
  const { id, host_name: host, policy_name: policy, key_in_use: key, rate, waiting, in_flight: inFlight } = connection;
  const limit = rate.limit === null ? "" : `, limited to ${rate.limit.toLocaleString()}`;
  return (
    <Paper withBorder p="md" component="article" aria-label={titleOf(connection)}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <div style={{ minWidth: 0 }}>
            <Anchor component={Link} to={pathOf(id)} fw={600} className="foreign">
              {titleOf(connection)}
            </Anchor>
            <Text size="xs" c="dimmed" className="foreign">
              {host === "local" ? "in the box" : host}
              {policy !== "" && ` · policy ${policy}`}
              {key !== undefined && ` · ${key} key`}
            </Text>
          </div>
          <Text size="xs" c="dimmed" className="number">
            {`${rate.per_second.toLocaleString()} a second${limit} · ${waiting.toLocaleString()} devices wait · ${inFlight.toLocaleString()} under way`}
          </Text>
        </Group>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <HubState connection={connection} />
          <QuotaGauge quota={connection.quota} />
        </SimpleGrid>
        <HubUsers connection={connection} />
      </Stack>
    </Paper>
  );
}
