/** Products as the API answers them. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";

export interface Product {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly created_at: string;
  readonly settings: { readonly quarantine: boolean };
}

/** All that the caller has. */
export function useProducts(): UseQueryResult<readonly Product[]> {
  return useQuery({
    queryKey: ["products"],
    queryFn: async ({ signal }) =>
      (await request<{ products: readonly Product[] }>("/v1/products", { signal })).products,
  });
}

/** By slug or number. */
export function useProduct(product: string): UseQueryResult<Product> {
  return useQuery({
    queryKey: ["products", "one", product],
    queryFn: async ({ signal }) =>
      (await request<{ product: Product }>(`/v1/products/${segment(product)}`, { signal })).product,
  });
}
