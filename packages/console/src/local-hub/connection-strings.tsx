import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { CopyButton } from "../elements/copy-button.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import type { ConnectionString } from "./local-hub.ts";

/** What each is for; policies that somebody added tell their permissions. */
const USES: Readonly<Record<string, readonly [title: string, use: string]>> = {
  iothubowner: ["iothubowner", "services, for everything"],
  service: ["service", "services that send to devices and read events"],
  device: ["device", "devices, with the hub's key instead of their own"],
  registryRead: ["registryRead", "services that look at devices"],
  registryReadWrite: ["registryReadWrite", "services that make and change devices"],
  events: ["Events, with TLS", "Event Hubs clients that read what devices sent"],
  events_plain: ["Events, without TLS", "Event Hubs clients in emulator mode"],
  provisioning: ["Provisioning", "services that enrol devices"],
};

export function ConnectionStrings({
  strings,
  idScope,
}: {
  readonly strings: readonly ConnectionString[];
  readonly idScope: string;
}) {
  const [isShown, setShown] = useState(false);
  const columns: readonly Column<ConnectionString>[] = [
    {
      name: "For",
      cell: ({ name, permissions, value }) => (
        <>
          <Text size="sm" component="span" className="foreign">
            {USES[name]?.[0] ?? name}
          </Text>{" "}
          <Text size="xs" component="span" c="dimmed">
            {USES[name]?.[1] ?? permissions.join(", ")}
          </Text>
          <Code className="foreign" display="block" style={{ width: "fit-content", maxWidth: "100%" }}>
            {isShown ? value : masked(value)}
          </Code>
        </>
      ),
    },
    { name: "Copy", cell: ({ name, value }) => <CopyButton text={value} what={`the connection string ${name}`} /> },
  ];
  return (
    <Stack gap="xs">
      <DataTable name="Ways in" columns={columns} rows={strings} rowKey={({ name }) => name} />
      <Group gap="xs">
        <Button variant="default" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? "Hide keys" : "Show keys"}
        </Button>
        <Text size="sm" c="dimmed">
          Devices that register themselves name the id scope <Code>{idScope}</Code>.
        </Text>
      </Group>
    </Stack>
  );
}

function masked(value: string): string {
  return value.replace(/(SharedAccessKey=)[^;]+/, "$1********");
}
