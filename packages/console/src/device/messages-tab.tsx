import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useAddress } from "../elements/address.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { DataTable } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { TailMessage } from "../integration/tail.ts";
import { useTail } from "../integration/use-tail.ts";
import type { HubOfDevice, InHub } from "./hub-device.ts";

const MINUTE = 60_000;
/** How far back the hub is asked; the name is what stands in the address. */
const FROM: readonly { readonly name: string; readonly label: string; readonly ms: number }[] = [
  { name: "now", label: "from now on", ms: 0 },
  { name: "5m", label: "from 5 minutes ago", ms: 5 * MINUTE },
  { name: "1h", label: "from an hour ago", ms: 60 * MINUTE },
  { name: "24h", label: "from a day ago", ms: 24 * 60 * MINUTE },
];

/** Messages of the device as any reader of the hub gets them, live. */
export function MessagesTab({ at }: { readonly at: InHub }) {
  const view = viewOf(at.hub);
  if (view === null) {
    return (
      <Empty title="The messages of this hub are not shown here">
        Only an integration’s hub and the Local Hub can be watched; no integration of yours brings this device there.
      </Empty>
    );
  }
  return <Messages view={view} hubDeviceId={at.hub.hub_device_id} />;
}

function Messages({ view, hubDeviceId }: { readonly view: string; readonly hubDeviceId: string }) {
  const { fields: search, change } = useAddress();
  const from = FROM.find(({ name }) => name === search.get("from")) ?? FROM[1]!;
  // The moment stands still while one looks.
  const [begun, setBegun] = useState(() => Date.now());
  const [isOn, setOn] = useState(true);
  const tail = useTail(view, isOn, () => true, { device: hubDeviceId, since: begun - from.ms });
  const rows = unique(tail.rows);
  return (
    <Section
      title="Messages to the hub"
      actions={
        <Group gap="xs" align="flex-end">
          <NativeSelect
            aria-label="From when"
            value={from.name}
            data={FROM.map(({ name, label }) => ({ value: name, label }))}
            onChange={(event) => {
              const name = event.currentTarget.value;
              tail.clear();
              setBegun(Date.now());
              change({ from: name });
            }}
          />
          <Button variant="default" onClick={() => setOn(!isOn)}>
            {isOn ? "Pause" : "Go on"}
          </Button>
          <Button variant="default" onClick={tail.clear}>
            Clear
          </Button>
        </Group>
      }
    >
      <Stack gap="xs">
        <StateBadge tone={!isOn ? "quiet" : tail.isOpen ? "good" : "wait"}>
          {!isOn ? "Paused" : tail.isOpen ? "Reading as they arrive" : "Opening"}
        </StateBadge>
        {tail.failure !== null && <FailureNote failure={tail.failure} />}
        {rows.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing has arrived from this device {from.label}. It shows here within a second when it does.
          </Text>
        ) : (
          <MessageTable rows={rows} />
        )}
      </Stack>
    </Section>
  );
}

function MessageTable({ rows }: { readonly rows: readonly TailMessage[] }) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <DataTable
      name="Messages of the device"
      rows={rows}
      rowKey={({ key }) => key}
      columns={[
        { name: "Arrived", cell: ({ enqueuedAt }) => <Time at={enqueuedAt} /> },
        {
          name: "Event",
          cell: ({ event }) => (
            <Text size="sm" miw="10rem" className="foreign">
              {event ?? "none"}
            </Text>
          ),
        },
        {
          name: "Content type",
          wideOnly: true,
          cell: (row) => (
            <Text size="sm" miw="10rem" className="foreign">
              {contentType(row)}
            </Text>
          ),
        },
        {
          name: "Body",
          cell: ({ body }) => (
            <Text size="xs" ff="monospace" lineClamp={2} miw="16rem" className="foreign" title={body.slice(0, 500)}>
              {body.slice(0, 400).replaceAll(/\s+/g, " ")}
            </Text>
          ),
        },
        {
          name: "Details",
          cell: ({ key }) => (
            <Button
              variant="subtle"
              size="compact-xs"
              aria-expanded={open === key}
              onClick={() => setOpen(open === key ? null : key)}
            >
              {open === key ? "Close" : "Open"}
            </Button>
          ),
        },
      ]}
      expanded={(row) => (row.key === open ? <Details row={row} /> : null)}
    />
  );
}

function Details({ row }: { readonly row: TailMessage }) {
  return (
    <Stack gap="xs">
      <CodeBlock text={row.body} what="the body" maxHeight={240} />
      <CodeBlock text={JSON.stringify(row.properties, null, 2)} what="the application properties" maxHeight={180} />
      <CodeBlock text={JSON.stringify(row.systemProperties, null, 2)} what="the system properties" maxHeight={240} />
    </Stack>
  );
}

function contentType({ systemProperties }: TailMessage): string {
  const type = systemProperties["contentType"] ?? systemProperties["content-type"];
  return typeof type === "string" ? type : "not set";
}

/** A view that is opened again from the same moment tells its messages again. */
function unique(rows: readonly TailMessage[]): readonly TailMessage[] {
  return [...new Map(rows.map((row) => [row.key, row])).values()];
}

/** By whose key the hub is read; `null`: by nobody's here. */
function viewOf({ host_name: host, integrations }: HubOfDevice): string | null {
  if (host === "local") return "local";
  return integrations[0]?.id ?? null;
}
