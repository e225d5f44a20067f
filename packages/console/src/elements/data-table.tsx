import { Box, Button, Group, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

export interface Column<Row> {
  readonly name: string;
  /** At the top of the column instead of its name. */
  readonly header?: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand right. */
  readonly numeric?: boolean;
  /** Left out where there is little room. */
  readonly wideOnly?: boolean;
}

/** Rows of one page. On a phone it scrolls by itself, never the page. */
export function DataTable<Row>({
  name,
  columns,
  rows,
  rowKey,
  expanded,
}: {
  /** For screen readers. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** What stands under a row; `null`: nothing. */
  readonly expanded?: (row: Row) => ReactNode;
}) {
  return (
    <Box className="scroll-x" tabIndex={0} role="region" aria-label={name}>
      <Table highlightOnHover aria-label={name}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.name} scope="col" ta={column.numeric ? "right" : "left"} {...visibility(column)}>
                {column.header ?? column.name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Rows key={rowKey(row)} row={row} columns={columns} below={expanded?.(row) ?? null} />
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

function Rows<Row>({
  row,
  columns,
  below,
}: {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly below: ReactNode;
}) {
  return (
    <>
      <Table.Tr>
        {columns.map((column) => (
          <Table.Td key={column.name} ta={column.numeric ? "right" : "left"} {...visibility(column)}>
            {column.cell(row)}
          </Table.Td>
        ))}
      </Table.Tr>
      {below !== null && (
        <Table.Tr>
          <Table.Td colSpan={columns.length}>{below}</Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function visibility({ wideOnly }: { readonly wideOnly?: boolean }): { visibleFrom?: "md" } {
  return wideOnly ? { visibleFrom: "md" } : {};
}

/** Steps through pages that the server gives. `null` where there is none. */
export function Pager({
  onPrevious,
  onNext,
  children,
}: {
  readonly onPrevious: (() => void) | null;
  readonly onNext: (() => void) | null;
  /** Where one is: "1 to 50 of 1,234". */
  readonly children?: ReactNode;
}) {
  if (onPrevious === null && onNext === null && children === undefined) return null;
  return (
    <Group gap="xs" component="nav" aria-label="Pages">
      {(onPrevious !== null || onNext !== null) && (
        <>
          <Button variant="default" {...unless(onPrevious)} onClick={() => onPrevious?.()}>
            Previous
          </Button>
          <Button variant="default" {...unless(onNext)} onClick={() => onNext?.()}>
            Next
          </Button>
        </>
      )}
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
    </Group>
  );
}

/** Looks disabled and is named so, but keeps the focus of who has come to the last page by pressing it. */
function unless(step: (() => void) | null): { "data-disabled"?: true; "aria-disabled"?: true } {
  return step === null ? { "data-disabled": true, "aria-disabled": true } : {};
}
