import { Group, NativeSelect } from "@mantine/core";
import { SearchInput } from "../elements/search-input.tsx";
import { useProducts } from "../products/product.ts";
import type { FilterInAddress } from "./event-address.ts";

/** By name, device and product; the server filters. */
export function EventFilters({ filter, change }: FilterInAddress) {
  const products = useProducts();
  const scopes = [
    { value: "", label: "All that is mine" },
    { value: "sandbox", label: "My sandbox" },
    ...(products.data ?? []).map(({ slug, name }) => ({ value: slug, label: name })),
  ];
  // By its number, or one that is gone: the address may say anything.
  if (!scopes.some(({ value }) => value === filter.product)) {
    scopes.push({ value: filter.product, label: filter.product });
  }
  return (
    <Group gap="xs" align="flex-end" role="search" aria-label="Filter">
      <SearchInput
        label="Name begins with"
        initial={filter.prefix}
        maxLength={64}
        onSearch={(prefix) => change({ prefix })}
        style={{ flex: "1 1 11rem" }}
      />
      <SearchInput
        label="Device id or name"
        rightSection={null}
        initial={filter.device}
        maxLength={128}
        onSearch={(device) => change({ device: device.trim() })}
        style={{ flex: "1 1 11rem" }}
      />
      <NativeSelect
        aria-label="Product"
        data={scopes}
        value={filter.product}
        onChange={(event) => change({ product: event.currentTarget.value })}
        style={{ flex: "1 1 9rem" }}
      />
    </Group>
  );
}
