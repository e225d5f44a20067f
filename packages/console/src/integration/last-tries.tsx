import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { request } from "../client/request.ts";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { adminPath, LIVE_MS, pageOf, type IntegrationDetail } from "./integration.ts";

interface Try {
  readonly id: number;
  readonly event: string;
  readonly device_id: string;
  readonly time: string;
  readonly success: boolean;
  readonly duration_ms: number | null;
  readonly error: string | null;
}

/** The last ten tries that succeeded and the last ten that failed. */
export function LastTries({
  integration: { id, event },
  only,
}: {
  readonly integration: IntegrationDetail;
  readonly only?: "failed";
}) {
  const query = useQuery({
    queryKey: ["integrations", id, "log"],
    queryFn: async ({ signal }) => (await request<{ log: readonly Try[] }>(adminPath(id, "log"), { signal })).log,
    refetchInterval: LIVE_MS,
  });
  return (
    <Section
      title={only === undefined ? "Last tries" : "Last failed tries"}
      actions={
        <Anchor component={Link} to={pageOf(id, "deliveries")} size="sm">
          All deliveries
        </Anchor>
      }
    >
      <Loaded query={query} lines={6}>
        {(log) => {
          const rows = log.filter(({ success }) => only === undefined || !success);
          if (rows.length > 0) {
            return (
              <DataTable
                name="Tries, newest first"
                columns={columnsOf(id)}
                rows={rows}
                rowKey={(one) => `${one.id} ${one.time}`}
              />
            );
          }
          if (only !== undefined)
            return (
              <Text size="sm" c="dimmed">
                None is known.
              </Text>
            );
          return (
            <Empty title="Nothing was sent yet">
              It sends as soon as a device publishes an event whose name begins with <b className="foreign">{event}</b>.{" "}
              <Anchor component={Link} to={pageOf(id, "example")} inherit underline="always">
                How to publish one
              </Anchor>
              .
            </Empty>
          );
        }}
      </Loaded>
    </Section>
  );
}

function columnsOf(id: string): readonly Column<Try>[] {
  return [
    { name: "When", cell: ({ time }) => <Time at={time} /> },
    {
      name: "Result",
      // The hub's own word or code is in the exchange and in the reason; here one word for one thing.
      cell: ({ success }) => (
        <StateBadge tone={success ? "good" : "bad"}>{success ? "delivered" : "failed"}</StateBadge>
      ),
    },
    {
      name: "Event",
      cell: ({ event, id: delivery }) => (
        <Anchor
          component={Link}
          to={pageOf(id, "deliveries", { delivery: String(delivery) })}
          inherit
          className="foreign"
        >
          {event}
        </Anchor>
      ),
    },
    {
      name: "Device",
      wideOnly: true,
      cell: ({ device_id: device }) => (
        <Anchor component={Link} to={`/devices/${encodeURIComponent(device)}`} inherit className="foreign">
          {device}
        </Anchor>
      ),
    },
    {
      name: "Took",
      numeric: true,
      cell: ({ duration_ms: took }) => (took === null ? "" : <span className="number">{took} ms</span>),
    },
    { name: "Why", wideOnly: true, cell: ({ error }) => <span className="foreign">{error}</span> },
  ];
}
