/** Devices as the API lists them, and the queries that bring them. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";

export type Approval = "approved" | "quarantined" | "denied";

export interface DeviceRow {
  readonly id: string;
  readonly name: string | null;
  readonly kind: "device" | "thing";
  readonly product_id: number | null;
  /** `null`: it is in the sandbox. */
  readonly product_slug: string | null;
  readonly product_name: string | null;
  /** An account has claimed it: it is in that one's sandbox, too. */
  readonly claimed: boolean;
  readonly approval: Approval;
  readonly online: boolean;
  readonly last_heard: string | null;
  readonly created_at: string;
  readonly last_ip_address: string | null;
  readonly firmware_version: number | null;
  readonly desired_firmware_version: number | null;
  readonly development: boolean;
  readonly serial_number: string | null;
  readonly groups: readonly string[];
  readonly notes: string | null;
  /** How its state and the hub's twin do; `null`: it has no state. */
  readonly state: {
    readonly sync: Sync;
    readonly status: "enabled" | "disabled";
    readonly error: string | null;
    readonly conflicts: number;
  } | null;
}

export type Sync = "in_step" | "waiting" | "missing_in_hub" | "no_hub";

export interface DevicePage {
  readonly devices: readonly DeviceRow[];
  /** `null`: not known, because counting would cost too much. */
  readonly total: number | null;
  readonly next: string | null;
}

export type DeviceFilter = Readonly<
  Partial<Record<"q" | "product" | "sandbox" | "approval" | "kind" | "sort" | "order", string>>
>;

const PAGE_SIZE = 50;
const LIVE_MS = 5_000;

/** One page; the page before stays in sight until the next is there. */
export function useDevicePage(filter: DeviceFilter, after: string | null): UseQueryResult<DevicePage> {
  return useQuery({
    queryKey: ["devices", "page", filter, after],
    queryFn: ({ signal }) =>
      request<DevicePage>("/admin/v1/devices", { query: { ...filter, after, limit: PAGE_SIZE }, signal }),
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

/** How many fit the filter, where the page that is shown does not say. */
export function useDeviceTotal(filter: DeviceFilter, enabled: boolean): number | null {
  const { data } = useQuery({
    queryKey: ["devices", "total", filter],
    queryFn: ({ signal }) => request<DevicePage>("/admin/v1/devices", { query: { ...filter, limit: 1 }, signal }),
    enabled,
  });
  return data?.total ?? null;
}

export function useDevice(id: string): UseQueryResult<DeviceRow> {
  return useQuery({
    queryKey: ["devices", id],
    queryFn: async ({ signal }) =>
      (await request<{ device: DeviceRow }>(`/admin/v1/devices/${segment(id)}`, { signal })).device,
    refetchInterval: LIVE_MS,
  });
}

/** Where the device cloud's API has a device: in its product, or in the sandbox. */
export function devicePath({ id, product_slug: product }: Pick<DeviceRow, "id" | "product_slug">): string {
  return product === null ? `/v1/devices/${segment(id)}` : `/v1/products/${segment(product)}/devices/${segment(id)}`;
}
