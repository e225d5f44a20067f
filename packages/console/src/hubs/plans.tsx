import { Progress, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { DataTable, Pager, type Column } from "../elements/data-table.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { usePlanLines, usePlans, type Plan, type PlanLine } from "./identity-scan.ts";

const STATES: Readonly<Record<Plan["state"], readonly [tone: Tone, word: string]>> = {
  running: ["wait", "Being applied"],
  done: ["good", "Applied"],
  stopped: ["bad", "Stopped"],
  interrupted: ["bad", "Interrupted"],
};

const RESULTS: Readonly<Record<PlanLine["result"], readonly [tone: Tone, word: string]>> = {
  done: ["good", "done"],
  skipped: ["quiet", "left alone"],
  failed: ["bad", "failed"],
};

const COLUMNS: readonly Column<PlanLine>[] = [
  { name: "Action", cell: ({ action }) => (action === "prepare" ? "create" : action) },
  { name: "Id in the hub", cell: ({ hub_device_id: id }) => <span className="foreign">{id}</span> },
  { name: "Result", cell: ({ result }) => <StateBadge tone={RESULTS[result][0]}>{RESULTS[result][1]}</StateBadge> },
  { name: "What happened", cell: ({ message }) => <span className="foreign">{message}</span> },
];

/** The last plan that was applied, with what became of each identity; earlier ones in a line. */
export function Plans({ connectionId }: { readonly connectionId: string }) {
  const [newest, ...earlier] = usePlans(connectionId).data ?? [];
  if (newest === undefined) return null;
  return (
    <Section title="Last plan">
      <PlanState plan={newest} />
      <PlanLines key={newest.id} connectionId={connectionId} plan={newest} />
      {earlier.map((plan) => (
        <PlanState key={plan.id} plan={plan} />
      ))}
    </Section>
  );
}

function PlanState({ plan: { state, planned, results, message, created_at: createdAt } }: { readonly plan: Plan }) {
  const [tone, word] = STATES[state];
  const total = Object.values(planned).reduce((sum, n) => sum + n, 0);
  const ended = Object.values(results).reduce((sum, n) => sum + n, 0);
  return (
    <Stack gap={4}>
      <Text size="sm" component="div" role="status">
        <StateBadge tone={tone}>{word}</StateBadge> <Time at={createdAt} />
        {/* Only the end is read aloud. */}
        <span key={state} {...(state === "running" && { "aria-live": "off" })}>
          {`: ${ended.toLocaleString()} of ${total.toLocaleString()}, ${results.done.toLocaleString()} done, ${results.skipped.toLocaleString()} left alone, ${results.failed.toLocaleString()} failed`}
        </span>
      </Text>
      {state === "running" && <Progress value={(ended / Math.max(1, total)) * 100} aria-label="Progress of the plan" />}
      {message !== null && (
        <Text size="sm" className="foreign">
          {message}
        </Text>
      )}
    </Stack>
  );
}

function PlanLines({ connectionId, plan }: { readonly connectionId: string; readonly plan: Plan }) {
  const [pages, setPages] = useState<readonly number[]>([0]);
  const query = usePlanLines(connectionId, plan, pages.at(-1) ?? 0);
  return (
    <Loaded query={query} lines={3}>
      {({ lines, next }) => (
        <>
          <DataTable name="What became of each identity" columns={COLUMNS} rows={lines} rowKey={({ line }) => line} />
          {(pages.length > 1 || next !== null) && (
            <Pager
              onPrevious={pages.length === 1 ? null : () => setPages(pages.slice(0, -1))}
              onNext={next === null ? null : () => setPages([...pages, next])}
            />
          )}
        </>
      )}
    </Loaded>
  );
}
