/** API users of a product as the API answers them. */
import { request, segment } from "../client/request.ts";

export interface ApiUser {
  readonly username: string;
  readonly friendly_name: string;
  readonly is_programmatic: true;
  readonly scopes: readonly string[];
  readonly created_at: string;
}

type Member = ApiUser | { readonly username: string; readonly is_programmatic: false };

export function teamPath(product: string): string {
  return `/v1/products/${segment(product)}/team`;
}

/** For `useQuery`, and for the teams of several products at once. */
export function apiUsersQuery(product: string) {
  return {
    queryKey: ["products", product, "team"],
    queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<readonly ApiUser[]> =>
      (await request<readonly Member[]>(teamPath(product), { signal })).filter((one) => one.is_programmatic),
  };
}
