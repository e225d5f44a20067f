import { Group } from "@mantine/core";
import type { ReactNode } from "react";
import { Count, Tile } from "../elements/count.tsx";
import { pageOf, type IntegrationDetail } from "./integration.ts";
import { durationInWords } from "./state-in-words.ts";

/** What became of all that it took, each number with the rows behind it. */
export function Counters({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, counters, latency } = integration;
  const { ledger, today, retrying } = counters;
  const rows = (state: string, value: number): ReactNode => (
    <Count value={value} to={pageOf(id, "deliveries", { state })} label={`${state} deliveries`} />
  );
  return (
    <Group gap="xs" align="stretch" role="group" aria-label="Deliveries in numbers">
      <Tile name="Matched" note="events taken">
        <Count value={ledger.accepted} to={pageOf(id, "deliveries")} label="events taken" />
      </Tile>
      <Tile name="Delivered" note={`${today.success.toLocaleString()} today`}>
        {rows("delivered", ledger.delivered)}
      </Tile>
      <Tile
        name="Waiting"
        note={
          retrying === 0 ? (
            "for their turn"
          ) : (
            <>
              <Count value={retrying} to={pageOf(id, "failures")} label="retrying" /> retrying
            </>
          )
        }
      >
        {rows("pending", ledger.pending)}
      </Tile>
      <Tile name="Parked" note="you decide">
        {rows("parked", ledger.parked)}
      </Tile>
      <Tile name="Expired" note="ended unsent">
        {rows("expired", ledger.expired)}
      </Tile>
      <Tile name="Failed tries" note="today (UTC)">
        <Count value={today.error} to={pageOf(id, "failures")} label="failed tries today" />
      </Tile>
      {latency !== null && (
        <Tile
          name="Latency p50"
          note={`p95 ${durationInWords(latency.p95_ms)}, last ${latency.deliveries.toLocaleString()}`}
        >
          {durationInWords(latency.p50_ms)}
        </Tile>
      )}
    </Group>
  );
}
