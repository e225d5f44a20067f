import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request, withQuery } from "../client/request.ts";
import { Count } from "../elements/count.tsx";

export type Approval = "approved" | "quarantined" | "denied";

const LABELS: Readonly<Record<Approval, string>> = {
  approved: "approved devices",
  quarantined: "devices that wait for approval",
  denied: "denied devices",
};

/** How many devices a product has, or those of them in one state; leads to them. */
export function DeviceCount({ product, approval }: { readonly product: string; readonly approval?: Approval }) {
  const filter = { product, ...(approval !== undefined && { approval }) };
  const { data } = useQuery({
    queryKey: ["devices", "count", filter],
    queryFn: ({ signal }) =>
      request<{ total: number | null }>("/admin/v1/devices", { query: { ...filter, limit: 1 }, signal }),
    refetchInterval: 10_000,
  });
  if (data === undefined || data.total === null) {
    return (
      <Text span inherit c="dimmed">
        …
      </Text>
    );
  }
  const label = approval === undefined ? "devices" : LABELS[approval];
  return <Count value={data.total} to={withQuery("/devices", filter)} label={label} />;
}
