/** The caller's products, for filters and forms. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";

export interface ProductRow {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
}

export function useProducts(): UseQueryResult<readonly ProductRow[]> {
  return useQuery({
    queryKey: ["products", "names"],
    queryFn: async ({ signal }) =>
      (await request<{ products: readonly ProductRow[] }>("/v1/products", { signal })).products,
    staleTime: 30_000,
  });
}
