import { Button, Group, Progress, Text } from "@mantine/core";
import { useState } from "react";
import { DataTable, Pager } from "../elements/data-table.tsx";
import { Section } from "../elements/page.tsx";
import { saveText } from "../elements/save-text.ts";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { csvOf } from "./csv.ts";
import type { LineOutcome, LineResult } from "./import-run.ts";
import { ImportTokens } from "./import-tokens.tsx";

const PER_PAGE = 100;

const KINDS: readonly (readonly [outcome: LineOutcome, tone: Tone, name: string])[] = [
  ["imported", "good", "Imported"],
  ["there", "quiet", "Already there"],
  ["name_taken", "wait", "Name taken"],
  ["repeated", "wait", "Repeated"],
  ["elsewhere", "bad", "Not yours"],
  ["invalid", "bad", "Invalid"],
];

/** Line by line what became of an import, while it goes and after. */
export function ImportReport({
  product,
  total,
  results,
  isRunning,
}: {
  readonly product: string;
  readonly total: number;
  readonly results: readonly LineResult[];
  readonly isRunning: boolean;
}) {
  const [only, setOnly] = useState<LineOutcome | null>(null);
  const [page, setPage] = useState(0);
  const counts = countsOf(results);
  const chosen = (only === null ? results : results.filter(({ outcome }) => outcome === only)).toSorted(
    (a, b) => a.line - b.line,
  );
  const shown = chosen.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  const choose = (outcome: LineOutcome | null): void => {
    setOnly(outcome);
    setPage(0);
  };

  return (
    <Section title="Report" actions={<SaveReport product={product} results={results} isRunning={isRunning} />}>
      <Progress value={(results.length / Math.max(1, total)) * 100} aria-label="Lines done" />
      <Text size="sm" role="status">
        {/* Only the end is read aloud. */}
        <span key={String(isRunning)} {...(isRunning && { "aria-live": "off" })}>
          {results.length.toLocaleString()} of {total.toLocaleString()} lines done
          {isRunning ? "…" : "."}
        </span>
      </Text>
      <Group gap="xs" role="group" aria-label="Show only">
        <Chosen
          isChosen={only === null}
          onChoose={() => choose(null)}
          label={`All ${results.length.toLocaleString()}`}
        />
        {KINDS.filter(([outcome]) => (counts.get(outcome) ?? 0) > 0).map(([outcome, , name]) => (
          <Chosen
            key={outcome}
            isChosen={only === outcome}
            onChoose={() => choose(outcome)}
            label={`${name} ${(counts.get(outcome) ?? 0).toLocaleString()}`}
          />
        ))}
      </Group>
      <DataTable name="Lines of the file" rows={shown} rowKey={({ line }) => line} columns={COLUMNS} />
      {chosen.length > PER_PAGE && (
        <Pager
          onPrevious={page === 0 ? null : () => setPage(page - 1)}
          onNext={(page + 1) * PER_PAGE >= chosen.length ? null : () => setPage(page + 1)}
        >
          {`${page * PER_PAGE + 1} to ${page * PER_PAGE + shown.length} of ${chosen.length.toLocaleString()}`}
        </Pager>
      )}
      {!isRunning && <ImportTokens product={product} results={results} />}
    </Section>
  );
}

const COLUMNS = [
  { name: "Line", numeric: true, cell: ({ line }: LineResult) => line },
  {
    name: "Id",
    cell: ({ id }: LineResult) => (
      <Text size="sm" ff="monospace" className="foreign">
        {id.slice(0, 128)}
      </Text>
    ),
  },
  { name: "Result", cell: ({ outcome }: LineResult) => <Outcome outcome={outcome} /> },
  { name: "Why", cell: ({ message }: LineResult) => <span className="foreign">{message}</span> },
];

function Outcome({ outcome }: { readonly outcome: LineOutcome }) {
  const [, tone, name] = KINDS.find(([one]) => one === outcome)!;
  return <StateBadge tone={tone}>{name}</StateBadge>;
}

function Chosen({
  isChosen,
  onChoose,
  label,
}: {
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly label: string;
}) {
  return (
    <Button size="compact-xs" variant={isChosen ? "filled" : "default"} aria-pressed={isChosen} onClick={onChoose}>
      {label}
    </Button>
  );
}

function SaveReport({
  product,
  results,
  isRunning,
}: {
  readonly product: string;
  readonly results: readonly LineResult[];
  readonly isRunning: boolean;
}) {
  function save(): void {
    const rows = results.toSorted((a, b) => a.line - b.line).map((one) => [one.line, one.id, one.outcome, one.message]);
    saveText(`import-${product}.csv`, csvOf([["line", "id", "result", "message"], ...rows]));
  }
  return (
    <Button variant="default" disabled={isRunning || results.length === 0} onClick={save}>
      Save report as CSV
    </Button>
  );
}

function countsOf(results: readonly LineResult[]): ReadonlyMap<LineOutcome, number> {
  const counts = new Map<LineOutcome, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}
