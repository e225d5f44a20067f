import { Group, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
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
      <DeviceInput initial={filter.device} onDevice={(device) => change({ device })} />
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

function DeviceInput({ initial, onDevice }: { readonly initial: string; readonly onDevice: (device: string) => void }) {
  const [text, setText] = useState(initial);
  const search = useDebouncedCallback(onDevice, 400);
  return (
    <TextInput
      type="search"
      aria-label="Device id or name"
      placeholder="Device id or name"
      value={text}
      maxLength={128}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value.trim());
      }}
      style={{ flex: "1 1 11rem" }}
    />
  );
}
