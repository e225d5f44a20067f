import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../../client/request.ts";

interface Products {
  readonly products: readonly { readonly id: number; readonly name: string; readonly slug: string }[];
}

const SANDBOX = "";

export function useProducts() {
  return useQuery({
    queryKey: ["products", "names"],
    queryFn: ({ signal }) => request<Products>("/v1/products", { signal }),
    staleTime: 30_000,
  });
}

/** Of a slug; the slug itself until the name is known. `null`: the sandbox. */
export function useProductName(product: string | null): string | null {
  const { data } = useProducts();
  return data?.products.find(({ slug }) => slug === product)?.name ?? product;
}

/** Whose events: those of one's own devices, or a product's. `null`: the sandbox. */
export function ScopeField({
  product,
  onChange,
}: {
  readonly product: string | null;
  readonly onChange: (product: string | null) => void;
}) {
  const products = useProducts();
  const known = products.data?.products ?? [];
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
