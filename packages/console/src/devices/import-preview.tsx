import { Alert, Text } from "@mantine/core";
import { DataTable } from "../elements/data-table.tsx";
import { Section } from "../elements/page.tsx";
import type { ImportFile } from "./import-lines.ts";

const SHOWN_LINES = 5;
const SHOWN_FAULTS = 20;

/** What was understood of a file, before anything is sent. */
export function ImportPreview({ file }: { readonly file: ImportFile }) {
  const faults = file.lines.filter(({ fault }) => fault !== null);
  return (
    <Section title="Preview">
      <Text size="sm">
        {file.lines.length.toLocaleString()} lines, columns: {file.columns.join(", ")}.
        {faults.length > 0 && ` ${faults.length.toLocaleString()} cannot be imported as they stand.`}
      </Text>
      {file.ignored.length > 0 && (
        <Alert color="yellow" variant="light">
          <Text size="sm" className="foreign">
            Columns that are left alone: {file.ignored.join(", ")}
          </Text>
        </Alert>
      )}
      <DataTable
        name="Lines"
        rows={[
          ...faults.slice(0, SHOWN_FAULTS),
          ...file.lines.filter(({ fault }) => fault === null).slice(0, SHOWN_LINES),
        ]}
        rowKey={({ line }) => line}
        columns={[
          { name: "Line", numeric: true, cell: ({ line }) => line },
          { name: "Text", cell: ({ text }) => <span className="foreign">{text.slice(0, 200)}</span> },
          { name: "Judged", cell: ({ fault }) => <span className="foreign">{fault ?? "Looks right"}</span> },
        ]}
      />
    </Section>
  );
}
