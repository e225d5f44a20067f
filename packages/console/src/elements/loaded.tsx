import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FailureNote } from "./failure-note.tsx";

/**
 * What a query brought, a skeleton until it is there, or why it is not. What was there stays in sight while it is asked
 * again, with the reason above it when that fails.
 */
export function Loaded<T>({
  query,
  lines = 5,
  children,
}: {
  readonly query: Pick<UseQueryResult<T>, "data" | "error">;
  /** Of the skeleton. */
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error } = query;
  if (data === undefined) return error === null ? <Loading lines={lines} /> : <FailureNote failure={error} />;
  return (
    <>
      {error !== null && <FailureNote failure={error} title="This may be out of date" />}
      {children(data)}
    </>
  );
}

export function Loading({ lines = 5 }: { readonly lines?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={18} width={`${95 - ((line * 17) % 40)}%`} animate={false} />
      ))}
    </Stack>
  );
}
