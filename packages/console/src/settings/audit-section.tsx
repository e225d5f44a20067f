import { Anchor, Box, Checkbox, Stack, Text } from "@mantine/core";
import { useAddress } from "../elements/address.ts";
import { DataTable, Pager, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Filters } from "../elements/filters.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { kindInWords, outcomeOf, useAudit, type AuditEntry } from "./audit.ts";

/** Who changed what, and how it went. */
export function AuditSection() {
  const { fields: search, change } = useAddress();
  const filter = {
    what: search.get("what") ?? "",
    who: search.get("who") ?? "",
    failed: search.get("failed") === "true",
    before: search.get("before") ?? "",
  };
  const audit = useAudit(filter);

  /** Any other filter begins at the newest again. */
  function set(changes: Readonly<Record<string, string>>): void {
    change({ before: null, ...changes });
  }

  return (
    <Section title="Audit log">
      <Text size="sm" c="dimmed">
        Every request that changed something, or was refused, by whichever client; sign-ins too. Kept for 90 days, the
        newest 100,000 of each account. Bodies and secrets are not recorded.
      </Text>
      <Filters label="Choose entries">
        <SearchInput
          label="Action, route or object"
          initial={filter.what}
          maxLength={128}
          onSearch={(what) => set({ what })}
        />
        <SearchInput
          label="Who, the whole name"
          rightSection={null}
          maxLength={128}
          initial={filter.who}
          onSearch={(who) => set({ who: who.trim() })}
        />
        <Checkbox
          label="Only what failed"
          checked={filter.failed}
          onChange={(event) => set({ failed: event.currentTarget.checked ? "true" : "" })}
        />
      </Filters>
      <Loaded query={audit}>
        {({ entries, next }) => (
          <Stack gap="xs">
            {entries.length === 0 ? (
              <Empty title="Nothing fits">
                {next === null ? "What is changed from now on appears here." : "Older entries may: look further back."}
              </Empty>
            ) : (
              <DataTable
                name="Entries"
                columns={columnsWith((who) => set({ who }))}
                rows={entries}
                rowKey={({ id }) => id}
              />
            )}
            <Pager
              onPrevious={filter.before === "" ? null : () => set({})}
              onNext={next === null ? null : () => set({ before: String(next) })}
            >
              {filter.before === "" ? "newest first" : "older; Previous leads to the newest"}
            </Pager>
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

function columnsWith(onWho: (who: string) => void): readonly Column<AuditEntry>[] {
  return [
    {
      name: "When",
      cell: ({ last_at, count }) => (
        <>
          <Time at={last_at} />
          {count > 1 && (
            <Text size="xs" c="dimmed">
              {count.toLocaleString()} times
            </Text>
          )}
        </>
      ),
    },
    {
      name: "What",
      cell: ({ action, objects, route }) => (
        <Box miw={150} title={route}>
          <Text size="sm">{action}</Text>
          {Object.entries(objects).map(([noun, id]) => (
            <Text key={noun} size="xs" c="dimmed" className="foreign">
              {noun} {id}
            </Text>
          ))}
        </Box>
      ),
    },
    {
      name: "How it went",
      cell: (entry) => {
        const { tone, text } = outcomeOf(entry);
        return <StateBadge tone={tone}>{text}</StateBadge>;
      },
    },
    { name: "Who", cell: (entry) => <Who entry={entry} onWho={onWho} /> },
    { name: "From", cell: ({ address }) => <span className="foreign">{address}</span>, wideOnly: true },
  ];
}

function Who({ entry: { who }, onWho }: { readonly entry: AuditEntry; readonly onWho: (who: string) => void }) {
  const { name } = who;
  if (name === null) return <>{kindInWords(who)}</>;
  return (
    <Box miw={140}>
      <Anchor component="button" type="button" ta="left" size="sm" className="foreign" onClick={() => onWho(name)}>
        {name}
      </Anchor>
      <Text size="xs" c="dimmed">
        {kindInWords(who)}
      </Text>
    </Box>
  );
}
