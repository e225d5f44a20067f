import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { segment } from "../client/request.ts";
import { DataTable, Pager, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { Time } from "../elements/time.tsx";
import { DeviceCount } from "./device-count.tsx";
import { NewProductForm } from "./new-product-form.tsx";
import { useProducts, type Product } from "./product.ts";

const PER_PAGE = 25;

const COLUMNS: readonly Column<Product>[] = [
  {
    name: "Name",
    cell: ({ name, slug, description }) => (
      <Stack gap={0}>
        <Anchor component={Link} to={`/products/${segment(slug)}`} size="sm" className="foreign">
          {name}
        </Anchor>
        {description !== "" && (
          <Text size="xs" c="dimmed" className="foreign" lineClamp={2} maw={480}>
            {description}
          </Text>
        )}
      </Stack>
    ),
  },
  { name: "Slug", cell: ({ slug }) => <Text size="sm">{slug}</Text>, wideOnly: true },
  { name: "Number", numeric: true, cell: ({ id }) => id, wideOnly: true },
  { name: "Devices", numeric: true, cell: ({ slug }) => <DeviceCount product={slug} /> },
  {
    name: "Waiting for approval",
    numeric: true,
    cell: ({ slug }) => <DeviceCount product={slug} approval="quarantined" />,
  },
  { name: "Made", cell: ({ created_at: at }) => <Time at={at} />, wideOnly: true },
];

/** The address says what is searched (`q`), on which page one is, and whether one is being made (`make`). */
export function ProductsPage() {
  const [params, setParams] = useSearchParams();
  const products = useProducts();
  const isMaking = params.has("make");
  const q = params.get("q") ?? "";
  const [page, setPage] = useState(0);

  function toggleMaking(): void {
    setParams(isMaking ? {} : { make: "1" });
  }

  return (
    <Page
      title="Products"
      about="A product is a fleet: devices with integrations, API users and settings of their own. Devices without a product are in your sandbox."
      actions={
        <Button onClick={toggleMaking} aria-expanded={isMaking}>
          Make a product
        </Button>
      }
    >
      {isMaking && <NewProductForm onClose={toggleMaking} />}
      <Loaded query={products}>
        {(all) => {
          if (all.length === 0) return <NoProduct />;
          const found = all.filter((product) => fits(product, q));
          const shown = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
          return (
            <>
              <SearchInput
                label="Search by name, slug or number"
                initial={q}
                onSearch={(text) => {
                  setPage(0);
                  setParams(text === "" ? {} : { q: text }, { replace: true });
                }}
                maw={420}
              />
              {found.length === 0 ? (
                <Empty title="No product has these letters">Names, slugs and numbers are searched.</Empty>
              ) : (
                <DataTable name="Products" columns={COLUMNS} rows={shown} rowKey={({ id }) => id} />
              )}
              {found.length > PER_PAGE && (
                <Pager
                  onPrevious={page === 0 ? null : () => setPage(page - 1)}
                  onNext={(page + 1) * PER_PAGE >= found.length ? null : () => setPage(page + 1)}
                >
                  {`${page * PER_PAGE + 1} to ${page * PER_PAGE + shown.length} of ${found.length.toLocaleString()}`}
                </Pager>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function NoProduct() {
  return (
    <Empty title="No product yet" command="isthmus products create weather">
      You need none to begin: devices that you claim are in your sandbox. Make a product for a fleet whose devices share
      integrations, or that others may not see. Press “Make a product” or run:
    </Empty>
  );
}

function fits({ id, name, slug }: Product, q: string): boolean {
  const words = q.trim().toLowerCase();
  return `${name.toLowerCase()} ${slug} ${id}`.includes(words);
}
