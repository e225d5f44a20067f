import { NativeSelect } from "@mantine/core";
import { useProducts } from "../../products/product.ts";

const SANDBOX = "";

/** Of a slug; the slug itself until the name is known. `null`: the sandbox. */
export function useProductName(product: string | null): string | null {
  const { data } = useProducts();
  return data?.find(({ slug }) => slug === product)?.name ?? product;
}

/** Whose events: those of one's own devices, or a product's. `null`: the sandbox. */
export function ScopeField({
  product,
  onChange,
}: {
  readonly product: string | null;
  readonly onChange: (product: string | null) => void;
}) {
  const { data: known = [] } = useProducts();
  const data = [
    { value: SANDBOX, label: "Sandbox: my own devices" },
    ...known.map(({ name, slug }) => ({ value: slug, label: `Product: ${name}` })),
    // In the address, and not answered yet.
    ...(product !== null && !known.some(({ slug }) => slug === product) ? [{ value: product, label: product }] : []),
  ];
  return (
    <NativeSelect
      label="Events from"
      description="A product's integration takes the events of all its approved devices."
      data={data}
      value={product ?? SANDBOX}
      onChange={({ currentTarget: { value } }) => onChange(value === SANDBOX ? null : value)}
    />
  );
}
