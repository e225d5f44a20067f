import { Group, Table, Text } from "@mantine/core";
import { CopyButton } from "../elements/copy-button.tsx";
import { Time } from "../elements/time.tsx";
import type { TwinSection } from "./hub-device.ts";
import { isObject, leavesOf, written, type Json, type JsonObject } from "./json.ts";

/** Leaves of a section of a twin, each with the time that the hub has of it. */
export function SectionTable({
  name,
  section,
  empty,
}: {
  readonly name: string;
  readonly section: TwinSection;
  readonly empty: string;
}) {
  const leaves = [...leavesOf(section.properties)];
  if (leaves.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  }
  return (
    <>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={name}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Property</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th>Written</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {leaves.map(([path, value]) => (
              <Table.Tr key={path}>
                <Table.Td className="foreign">{path}</Table.Td>
                <Table.Td className="foreign" style={{ fontFamily: "var(--mantine-font-family-monospace)" }}>
                  {JSON.stringify(value)}
                </Table.Td>
                <Table.Td>
                  <Time at={writtenAt(section.metadata, path)} never="not told" />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group>
        <CopyButton text={written(section.properties)} what={`the ${name.toLowerCase()} as JSON`} />
      </Group>
    </>
  );
}

/** The nearest date above the leaf. The hub's word for never is the year 1. */
function writtenAt(metadata: JsonObject, path: string): string | null {
  let level: Json | undefined = metadata;
  let at = dateIn(metadata);
  for (const key of path.split(".")) {
    level = isObject(level) && Object.hasOwn(level, key) ? level[key] : undefined;
    if (!isObject(level)) break;
    at = dateIn(level) ?? at;
  }
  return at;
}

function dateIn(metadata: JsonObject): string | null {
  const date = metadata["$lastUpdated"];
  return typeof date === "string" && Date.parse(date) > 0 ? date : null;
}
