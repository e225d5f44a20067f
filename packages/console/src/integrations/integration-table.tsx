import { Anchor, Button, Text, VisuallyHidden } from "@mantine/core";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { Count } from "../elements/count.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { HistoryGraph } from "../elements/history-graph.tsx";
import { SUCCESS_AND_FAILURE } from "../elements/history-series.ts";
import { Loaded } from "../elements/loaded.tsx";
import { Sparkline } from "../elements/sparkline.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { useLastDays, type Overview } from "./overview.ts";
import { stateInWords } from "../integration/state-in-words.ts";
import { scopeInWords } from "./scope-words.ts";
import { Hint } from "../elements/hint.tsx";

/** A page of integrations. A row opens to its last thirty days. */
export function IntegrationTable({
  rows,
  opened,
  onOpen,
}: {
  readonly rows: readonly Overview[];
  readonly opened: string | null;
  readonly onOpen: (id: string | null) => void;
}) {
  const columns: readonly Column<Overview>[] = [
    {
      name: "30 days",
      header: <VisuallyHidden>30 days</VisuallyHidden>,
      cell: (one) => <OpenButton integration={one} isOpen={one.id === opened} onOpen={onOpen} />,
    },
    { name: "Name", cell: (one) => <Name integration={one} /> },
    { name: "Events from", cell: (one) => <Foreign text={scopeInWords(one)} />, wideOnly: true },
    {
      name: "Target",
      cell: (one) => <Foreign text={one.target === "local" ? "Local Hub" : one.target} />,
      wideOnly: true,
    },
    { name: "State", cell: (one) => <State integration={one} /> },
    {
      name: "Sent today",
      numeric: true,
      cell: (one) => count(one, one.today.success, "deliveries?state=delivered", "sent today"),
    },
    {
      name: "Failed today",
      numeric: true,
      cell: (one) => count(one, one.today.error, "failures", "tries failed today"),
    },
    { name: "Waiting", numeric: true, cell: (one) => count(one, one.waiting, "deliveries?state=pending", "waiting") },
    { name: "Parked", numeric: true, cell: (one) => count(one, one.parked, "deliveries?state=parked", "parked") },
    { name: "24 hours", cell: (one) => <LastHours integration={one} />, wideOnly: true },
  ];
  return (
    <DataTable
      name="Integrations"
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      expanded={(one) => (one.id === opened ? <LastDays integration={one} /> : null)}
    />
  );
}

function Name({ integration: { id, name, event } }: { readonly integration: Overview }) {
  return (
    <div style={{ minWidth: 120, maxWidth: 320 }}>
      <Anchor component={Link} to={`/integrations/${segment(id)}`} fw={600} size="sm" className="foreign">
        {name}
      </Anchor>
      <Text size="xs" c="dimmed" className="foreign">
        {event}…
      </Text>
    </div>
  );
}

function Foreign({ text }: { readonly text: string }) {
  return (
    <Text size="sm" className="foreign" miw={110} maw={220}>
      {text}
    </Text>
  );
}

function State({ integration }: { readonly integration: Overview }) {
  const { disabled, ledger, failure } = integration;
  const { tone, words } = stateInWords({ disabled, counters: { ledger } }, integration);
  const badge = <StateBadge tone={tone}>{words}</StateBadge>;
  if (failure === null) return badge;
  return (
    <Hint text={failure.message}>
      <span tabIndex={0}>{badge}</span>
    </Hint>
  );
}

function count({ id, name }: Overview, value: number, rows: string, what: string) {
  return <Count value={value} to={`/integrations/${segment(id)}/${rows}`} label={`${what}: ${name}`} />;
}

function LastHours({ integration: { last_24h: hours, name } }: { readonly integration: Overview }) {
  const points = hours.map(({ time, ...counts }) => ({ time: Date.parse(time), ...counts }));
  const sum = (of: "success" | "failure"): string => hours.reduce((all, one) => all + one[of], 0).toLocaleString();
  return (
    <Sparkline points={points} summary={`${name}, last 24 hours: ${sum("success")} sent, ${sum("failure")} failed`} />
  );
}

function OpenButton({
  integration: { id, name },
  isOpen,
  onOpen,
}: {
  readonly integration: Overview;
  readonly isOpen: boolean;
  readonly onOpen: (id: string | null) => void;
}) {
  return (
    <Button
      variant="default"
      size="compact-xs"
      aria-expanded={isOpen}
      aria-label={`Last 30 days of ${name}`}
      px={6}
      onClick={() => onOpen(isOpen ? null : id)}
    >
      <span aria-hidden>{isOpen ? "▾" : "▸"}</span>
    </Button>
  );
}

function LastDays({ integration: { id, name } }: { readonly integration: Overview }) {
  const days = useLastDays(id);
  return (
    <Loaded query={days} lines={4}>
      {(points) => (
        // On a phone the table is wider than what is seen of it; the graph is not.
        <div style={{ position: "sticky", left: 0, maxWidth: "calc(100vw - 3rem)" }}>
          <HistoryGraph label={`${name}: the last 30 days`} points={points} series={SUCCESS_AND_FAILURE} />
        </div>
      )}
    </Loaded>
  );
}
