import { Button, FileButton, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useDeferredValue, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { CodeInput } from "../elements/code-input.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { readImport } from "./import-lines.ts";
import { ImportPreview } from "./import-preview.tsx";
import { ImportReport } from "./import-report.tsx";
import { useProducts, type Product } from "../products/product.ts";
import { useImport } from "./use-import.ts";

const EXAMPLE = "id,name,serial_number,groups\n0123456789abcdef01234567,Pump 1,P046-1,north roof";
/** What the text box shows of a large file would only make typing slow. */
const SHOWN_LENGTH = 100_000;

export function ImportPage() {
  const products = useProducts();
  return (
    <Page
      title="Import devices"
      about="Into a product, approved. One id a line, or comma-separated values whose first line names the columns."
      parent={{ title: "Devices", to: "/devices" }}
    >
      <Loaded query={products}>{(all) => (all.length === 0 ? <NoProducts /> : <ImportForm products={all} />)}</Loaded>
    </Page>
  );
}

function ImportForm({ products }: { readonly products: readonly Product[] }) {
  const [params, setParams] = useSearchParams();
  const [text, setText] = useState("");
  const [fileName, setFileName] = useState<string | null>(null);
  const run = useImport();
  const deferred = useDeferredValue(text);
  const file = useMemo(() => readImport(deferred), [deferred]);
  const product = params.get("product") ?? (products.length === 1 ? products[0]!.slug : "");
  const hasBegun = run.results.length > 0 || run.isRunning;

  async function read(chosen: File | null): Promise<void> {
    if (chosen === null) return;
    setFileName(chosen.name);
    setText(await chosen.text());
  }

  function startOver(): void {
    run.reset();
    setText("");
    setFileName(null);
  }

  return (
    <Stack>
      <Group align="flex-end" gap="xs">
        <NativeSelect
          label="Product"
          data={[
            { value: "", label: "Choose a product", disabled: true },
            ...products.map(({ slug, name }) => ({ value: slug, label: name })),
          ]}
          value={product}
          disabled={hasBegun}
          onChange={({ currentTarget: { value } }) => setParams({ product: value }, { replace: true })}
        />
        <FileButton onChange={(chosen) => void read(chosen)} accept=".csv,.txt,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" size="sm" disabled={hasBegun}>
              Choose a file
            </Button>
          )}
        </FileButton>
        {fileName !== null && (
          <Text size="sm" c="dimmed" className="foreign">
            {fileName}
          </Text>
        )}
      </Group>
      {text.length <= SHOWN_LENGTH && !hasBegun && (
        <CodeInput
          label="Devices"
          description="Columns: id (required), name, groups, serial_number, firmware_version, desired_firmware_version, development, notes."
          placeholder={EXAMPLE}
          minRows={8}
          maxRows={24}
          value={text}
          onChange={(event) => {
            setFileName(null);
            setText(event.currentTarget.value);
          }}
        />
      )}
      {file.lines.length > 0 && !hasBegun && <ImportPreview file={file} />}
      {run.failure !== null && <FailureNote failure={run.failure} title="The import stopped" />}
      <Group gap="xs">
        {!run.isRunning && run.results.length < file.lines.length && (
          <Button disabled={product === ""} onClick={() => void run.start(product, file)}>
            {hasBegun ? "Go on with the rest" : `Import ${file.lines.length.toLocaleString()} lines`}
          </Button>
        )}
        {run.isRunning && (
          <Button variant="default" onClick={run.stop}>
            Stop
          </Button>
        )}
        {(hasBegun || text.length > SHOWN_LENGTH) && !run.isRunning && (
          <Button variant="default" onClick={startOver}>
            Import another file
          </Button>
        )}
      </Group>
      {hasBegun && (
        <ImportReport product={product} total={file.lines.length} results={run.results} isRunning={run.isRunning} />
      )}
    </Stack>
  );
}

function NoProducts() {
  return (
    <Empty title="There is no product yet" command={'npx isthmus products create "Pumps"'}>
      Devices are imported into a product. Make one <Link to="/products">here</Link>, or in a shell:
    </Empty>
  );
}
