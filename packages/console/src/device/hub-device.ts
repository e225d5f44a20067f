/** A device in its hubs as the API answers, and the queries that bring it. */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { request, segment, withQuery, type Method } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import type { JsonObject } from "./json.ts";

/** One hub in which the device has an identity, or would have. */
export interface HubOfDevice {
  readonly connection_id: string;
  readonly host_name: string;
  readonly hub_device_id: string;
  readonly integrations: readonly {
    readonly id: string;
    readonly name: string;
    readonly event: string;
    readonly disabled: boolean;
  }[];
  readonly mirrors_state: boolean;
  readonly has_identity: boolean;
  readonly known: "made" | "adopted" | "unknown";
}

export interface HubIdentity {
  readonly device_id: string;
  readonly generation_id: string;
  readonly status: "enabled" | "disabled";
  readonly status_reason: string | null;
  readonly status_updated: string | null;
  readonly connection_state: "connected" | "disconnected";
  readonly connection_state_updated: string | null;
  readonly last_activity: string | null;
  readonly authentication: "sas" | "selfSigned" | "certificateAuthority" | "none";
  readonly waiting_messages: number;
  readonly edge: boolean;
  readonly known: HubOfDevice["known"];
}

export interface TwinSection {
  readonly properties: JsonObject;
  readonly version: number;
  /** `$lastUpdated` of each key, at each depth. */
  readonly metadata: JsonObject;
}

export interface Twin {
  readonly etag: string;
  readonly version: number;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
}

export interface TwinChange {
  readonly id: number;
  readonly at: string;
  readonly by: { readonly kind: "account" | "bridge" | "device" | "hub"; readonly name: string | null };
  readonly section: "tags" | "desired" | "reported";
  /** `null`: too long to be kept. */
  readonly patch: JsonObject | null;
  readonly version: number | null;
}

export interface DeviceKeys {
  readonly primary_key: string;
  readonly secondary_key: string;
  readonly primary_connection_string: string;
  readonly secondary_connection_string: string;
}

/** Which device in which hub. */
export interface InHub {
  readonly deviceId: string;
  readonly hub: HubOfDevice;
}

const LIVE_MS = 5_000;

export function useHubsOf(deviceId: string): UseQueryResult<readonly HubOfDevice[]> {
  return useQuery({
    queryKey: ["devices", deviceId, "hubs"],
    queryFn: async ({ signal }) => {
      const path = `/admin/v1/devices/${segment(deviceId)}/hubs`;
      return (await request<{ hubs: readonly HubOfDevice[] }>(path, { signal })).hubs;
    },
    refetchInterval: 4 * LIVE_MS,
  });
}

/** A part of the device in that hub, asked again every few seconds. */
export function useInHub<T>(at: InHub, part: string): UseQueryResult<T> {
  return useQuery({
    queryKey: keyOf(at, part),
    queryFn: ({ signal }) => request<T>(pathOf(at, part), { signal }),
    refetchInterval: LIVE_MS,
    retry: false,
  });
}

/** Does something to it; what is shown of it is asked anew afterwards. */
export function useDoInHub<Answer, Body = undefined>(
  at: InHub,
  part: string,
  { method, said }: { readonly method: Method; readonly said?: string },
): UseMutationResult<Answer, Error, Body> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => request<Answer>(pathOf(at, part), { method, ...(body !== undefined && { body }) }),
    onSuccess: async () => {
      if (said !== undefined) announce(said);
      await queries.invalidateQueries({ queryKey: keyOf(at) });
    },
  });
}

export function pathOf({ deviceId, hub }: InHub, part: string): string {
  const path = `/admin/v1/devices/${segment(deviceId)}/hubs/${segment(hub.connection_id)}/${part}`;
  return withQuery(path, { hub_device_id: hub.hub_device_id });
}

function keyOf({ deviceId, hub }: InHub, ...part: readonly string[]): readonly string[] {
  return ["devices", deviceId, "hubs", hub.connection_id, hub.hub_device_id, ...part];
}
