import { NativeSelect } from "@mantine/core";
import { Filters } from "../elements/filters.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { useProducts } from "../products/product.ts";
import type { FilterInAddress } from "./event-address.ts";

/** By name, device and product; the server filters. */
export function EventFilters({ filter, change }: FilterInAddress) {
  const products = useProducts();
  const scopes = [
    { value: "", label: "Everywhere" },
    { value: "sandbox", label: "Sandbox" },
    ...(products.data ?? []).map(({ slug, name }) => ({ value: slug, label: name })),
  ];
  // By its number, or one that is gone: the address may say anything.
  if (!scopes.some(({ value }) => value === filter.product)) {
    scopes.push({ value: filter.product, label: filter.product });
  }
  return (
    <Filters label="Filter">
      <SearchInput
        label="Name begins with"
        initial={filter.prefix}
        maxLength={64}
        onSearch={(prefix) => change({ prefix })}
      />
      <SearchInput
        label="Device id or name"
        rightSection={null}
        initial={filter.device}
        maxLength={128}
        onSearch={(device) => change({ device: device.trim() })}
      />
      <NativeSelect
        aria-label="Product"
        data={scopes}
        value={filter.product}
        onChange={(event) => change({ product: event.currentTarget.value })}
      />
    </Filters>
  );
}
