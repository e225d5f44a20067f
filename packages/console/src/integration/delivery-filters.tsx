import { Button, NativeSelect } from "@mantine/core";
import { Filters as FilterRow } from "../elements/filters.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { intervalLabel } from "../elements/time-ticks.ts";
import type { Filters } from "./deliveries.ts";

const HOUR = 3_600_000;

/** How far back, by what is chosen. */
const TIMES: readonly { readonly name: string; readonly title: string; readonly ms: number | null }[] = [
  { name: "", title: "Any time", ms: null },
  { name: "1h", title: "Last hour", ms: HOUR },
  { name: "24h", title: "Last 24 hours", ms: 24 * HOUR },
  { name: "7d", title: "Last 7 days", ms: 7 * 24 * HOUR },
];

const STATES = [
  { value: "", label: "Any state" },
  { value: "pending", label: "Pending" },
  { value: "delivered", label: "Delivered" },
  { value: "parked", label: "Parked" },
  { value: "expired", label: "Expired" },
];

const CHOSEN = "chosen";

/** All of it is in the address, so that a search can be kept and sent to others. */
export function DeliveryFilters({
  filters,
  onChange,
}: {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}) {
  const { state = "", device = "", event = "", code = "", since, until } = filters;
  const isTimed = since !== undefined || until !== undefined;

  function set(changes: Readonly<Record<string, string | undefined>>): void {
    const next = Object.entries({ ...filters, ...changes }).filter(([, value]) => value !== undefined && value !== "");
    onChange(Object.fromEntries(next) as Filters);
  }

  function setTime(name: string): void {
    const ms = TIMES.find((one) => one.name === name)?.ms ?? null;
    set({ since: ms === null ? undefined : new Date(Date.now() - ms).toISOString(), until: undefined });
  }

  return (
    <FilterRow label="Narrow the deliveries">
      <NativeSelect
        aria-label="State"
        data={STATES}
        value={state}
        onChange={({ currentTarget }) => set({ state: currentTarget.value })}
      />
      <NativeSelect
        aria-label="Time"
        data={[
          ...TIMES.map(({ name, title }) => ({ value: name, label: title })),
          ...(isTimed ? [{ value: CHOSEN, label: timeInWords(since, until) }] : []),
        ]}
        value={isTimed ? CHOSEN : ""}
        onChange={({ currentTarget }) => currentTarget.value !== CHOSEN && setTime(currentTarget.value)}
      />
      <SearchInput label="Event begins with" initial={event} onSearch={(text) => set({ event: text.trim() })} />
      <SearchInput
        label="Device id"
        rightSection={null}
        initial={device}
        onSearch={(text) => set({ device: text.trim() })}
      />
      <SearchInput
        label="Cause, as key_refused"
        rightSection={null}
        initial={code}
        onSearch={(text) => set({ code: text.trim() })}
      />
      {Object.keys(filters).length > 0 && (
        <Button variant="subtle" onClick={() => onChange({})}>
          Show all
        </Button>
      )}
    </FilterRow>
  );
}

function timeInWords(since: string | undefined, until: string | undefined): string {
  const from = since === undefined ? Number.NaN : Date.parse(since);
  const to = until === undefined ? Number.NaN : Date.parse(until);
  const exact = (time: number): string =>
    new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  if (!Number.isNaN(from) && !Number.isNaN(to)) return intervalLabel(from, to - from);
  if (!Number.isNaN(from)) return `Since ${exact(from)}`;
  return Number.isNaN(to) ? "Some time" : `Before ${exact(to)}`;
}
