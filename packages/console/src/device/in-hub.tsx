import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiFailure } from "../client/failure.ts";
import { Loaded } from "../elements/loaded.tsx";
import { HubFailure } from "./missing-note.tsx";

/** As `Loaded`, for what is asked of a hub: a device that is not there is told as such, even where it was before. */
export function LoadedOfHub<T>({
  query,
  children,
}: {
  readonly query: Pick<UseQueryResult<T>, "data" | "error">;
  readonly children: (data: T) => ReactNode;
}) {
  const isMissing = query.error instanceof ApiFailure && query.error.code === "identity_missing";
  if (isMissing) return <HubFailure failure={query.error} />;
  return <Loaded query={query}>{children}</Loaded>;
}
