import { Table, Text } from "@mantine/core";
import type { Difference, Json } from "./json.ts";

/** What changes, leaf by leaf: a sign, the path, the former value and the new one. */
export function DifferenceList({ name, all }: { readonly name: string; readonly all: readonly Difference[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={name}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Property</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Td className="foreign">
                <Text span c="dimmed" mr={6} aria-hidden>
                  {signOf(before, after)}
                </Text>
                {path}
              </Table.Td>
              <Table.Td className="foreign">
                <Value value={before} />
              </Table.Td>
              <Table.Td className="foreign">
                <Value value={after} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Value({ value }: { readonly value: Json | undefined }) {
  if (value === undefined) {
    return (
      <Text span c="dimmed" inherit>
        not there
      </Text>
    );
  }
  return (
    <Text span ff="monospace" size="xs">
      {JSON.stringify(value)}
    </Text>
  );
}

function signOf(before: Json | undefined, after: Json | undefined): string {
  return before === undefined ? "+" : after === undefined ? "−" : "~";
}
