import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { useAddress } from "../elements/address.ts";
import { Pager } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { useTrail } from "../elements/use-trail.ts";
import { BulkActions } from "./bulk-actions.tsx";
import { ClaimButton } from "./claim-button.tsx";
import { DeviceFilters, type FilterName } from "./device-filters.tsx";
import { DeviceTable } from "./device-table.tsx";
import { useDevicePage, useDeviceTotal, type DeviceRow } from "./device-rows.ts";

const FILTERS: readonly FilterName[] = ["q", "product", "sandbox", "approval", "kind", "sort", "order"];

/** All devices of the sandbox and of products. What is chosen stands in the address. */
export function DevicesPage() {
  const { fields: params, change: changeAddress } = useAddress();
  const [selected, setSelected] = useState<ReadonlyMap<string, DeviceRow>>(new Map());
  const values = valuesIn(params);
  const filter = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const after = params.get("after");
  const query = useDevicePage(filter, after);
  const counted = useDeviceTotal(filter, after !== null);
  const isFiltered = FILTERS.some((name) => name !== "sort" && name !== "order" && params.has(name));

  const trail = useTrail(after, (next) => {
    setSelected(new Map());
    changeAddress({ after: next });
  });

  function change(changes: Partial<Record<FilterName, string>>): void {
    trail.forget();
    setSelected(new Map());
    changeAddress({ ...changes, after: null }, { replace: "q" in changes });
  }

  function showAll(): void {
    change(Object.fromEntries(FILTERS.map((name) => [name, ""])));
  }

  return (
    <Page
      title="Devices"
      about="All that you have claimed and all in your products, Things too."
      actions={
        <>
          <ClaimButton />
          <Button component={Link} to={importAddress(values.product)}>
            Import devices
          </Button>
        </>
      }
    >
      <DeviceFilters values={values} onChange={change} />
      <Loaded query={query} lines={10}>
        {({ devices, total, next }) =>
          devices.length === 0 && after === null ? (
            <NoDevices isFiltered={isFiltered} onClear={showAll} />
          ) : (
            <>
              <BulkActions selected={[...selected.values()]} onDone={() => setSelected(new Map())} />
              <DeviceTable devices={devices} selected={selected} onSelect={setSelected} />
              <Pager onPrevious={trail.onPrevious} onNext={next === null ? null : () => trail.goOn(next)}>
                {shownOf(devices.length, after === null ? total : counted)}
              </Pager>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function NoDevices({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  if (isFiltered) {
    return (
      <Empty title="No device fits">
        <Group gap="xs">
          <Text size="sm">Ids, names and serial numbers were searched.</Text>
          <Button variant="default" onClick={onClear}>
            Show all devices
          </Button>
        </Group>
      </Empty>
    );
  }
  return (
    <Empty title="No devices yet" command="npx isthmus devices add 0123456789abcdef01234567">
      Claim a device by its id, or import many into a product. Then give it a token to publish with. In a shell:
    </Empty>
  );
}

function shownOf(shown: number, total: number | null): string {
  if (total === null) return `${shown.toLocaleString()} on this page`;
  return `${shown.toLocaleString()} of ${total.toLocaleString()}`;
}

function valuesIn(params: URLSearchParams): Readonly<Record<FilterName, string>> {
  const values = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  return { ...(values as Record<FilterName, string>), sort: values["sort"] || "last_heard" };
}

function importAddress(product: string): string {
  return product === "" ? "/devices/import" : `/devices/import?${new URLSearchParams({ product }).toString()}`;
}
