import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";

/** The server, and whom it takes the caller for. */
export interface About {
  readonly version: string;
  readonly node: string;
  readonly started_at: string;
  readonly username: string | null;
  /** Runs the server. */
  readonly operator: boolean;
  /** The Local Hub runs beside it. */
  readonly local_hub: boolean;
}

export function useAbout(): UseQueryResult<About> {
  return useQuery({
    queryKey: ["servers", "about"],
    queryFn: ({ signal }) => request<About>("/admin/v1/about", { signal }),
    staleTime: 60_000,
  });
}
