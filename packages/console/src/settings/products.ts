import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";

export interface ProductName {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
}

/** The caller's products by name, for lists that go over all of them. */
export function useProductNames(): UseQueryResult<readonly ProductName[]> {
  return useQuery({
    queryKey: ["products", "names"],
    queryFn: async ({ signal }) =>
      (await request<{ products: readonly ProductName[] }>("/v1/products", { signal })).products,
  });
}
