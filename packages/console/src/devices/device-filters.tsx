import { NativeSelect } from "@mantine/core";
import { Filters } from "../elements/filters.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { useProducts } from "../products/product.ts";

/** Names of the address's query that choose devices. */
export type FilterName = "q" | "product" | "sandbox" | "approval" | "kind" | "sort" | "order";

const APPROVALS = [
  { value: "", label: "Any approval" },
  { value: "approved", label: "Approved" },
  { value: "quarantined", label: "Quarantined" },
  { value: "denied", label: "Denied" },
];
const KINDS = [
  { value: "", label: "Devices and Things" },
  { value: "device", label: "Devices" },
  { value: "thing", label: "Things" },
];
const ORDERS = [
  { value: "last_heard", label: "Last heard" },
  { value: "name", label: "Name" },
  { value: "id", label: "Id" },
];
/** No slug looks like that. */
const SANDBOX = "(sandbox)";

/** Search, filters and order of the list; `onChange` takes several names at once. */
export function DeviceFilters({
  values,
  onChange,
}: {
  readonly values: Readonly<Record<FilterName, string>>;
  readonly onChange: (changes: Partial<Record<FilterName, string>>) => void;
}) {
  const { data: products = [] } = useProducts();
  const places = [
    { value: "", label: "Everywhere" },
    { value: SANDBOX, label: "Sandbox" },
    ...products.map(({ slug, name }) => ({ value: slug, label: name })),
  ];
  return (
    <Filters label="Choose devices">
      <SearchInput
        label="Search id, name or serial number"
        initial={values.q}
        maxLength={128}
        onSearch={(q) => onChange({ q: q.trim() })}
      />
      <NativeSelect
        aria-label="Where"
        data={places}
        value={values.sandbox === "true" ? SANDBOX : values.product}
        onChange={({ currentTarget: { value } }) =>
          onChange(value === SANDBOX ? { product: "", sandbox: "true" } : { product: value, sandbox: "" })
        }
      />
      <NativeSelect
        aria-label="Approval"
        data={APPROVALS}
        value={values.approval}
        onChange={({ currentTarget: { value } }) => onChange({ approval: value })}
      />
      <NativeSelect
        aria-label="Kind"
        data={KINDS}
        value={values.kind}
        onChange={({ currentTarget: { value } }) => onChange({ kind: value })}
      />
      <NativeSelect
        aria-label="Order"
        data={ORDERS}
        value={values.sort}
        onChange={({ currentTarget: { value } }) => onChange({ sort: value, order: "" })}
      />
    </Filters>
  );
}
