/** How the states of a product's devices are mirrored, as the API answers it and as the form holds it. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";

export interface StateSettings {
  readonly telemetry: "merge" | "replace" | "ignore";
  readonly conflicts: "newest" | "hub" | "ours";
  readonly cloud_to_device: boolean;
  readonly consumer_group: string;
  readonly event_endpoint: string | null;
  readonly event_hub_name: string | null;
  readonly sweep_seconds: number | null;
  readonly hub_name: string | null;
  readonly policy_name?: string;
  /** Nothing was set: the server's defaults. */
  readonly is_default: boolean;
}

/** What stands in the form; keys are empty when the stored ones stay. */
export interface StateForm {
  readonly telemetry: string;
  readonly conflicts: string;
  readonly cloudToDevice: boolean;
  readonly consumerGroup: string;
  readonly eventEndpoint: string;
  readonly eventHubName: string;
  readonly sweepSeconds: string;
  readonly hubName: string;
  readonly policyName: string;
  readonly policyKey: string;
}

export function statePath(product: string): string {
  return `/admin/v1/products/${segment(product)}/state-settings`;
}

export function useStateSettings(product: string): UseQueryResult<StateSettings> {
  return useQuery({
    queryKey: ["products", product, "state-settings"],
    queryFn: async ({ signal }) =>
      (await request<{ settings: StateSettings }>(statePath(product), { signal })).settings,
  });
}

export function stateFormOf(settings: StateSettings): StateForm {
  return {
    telemetry: settings.telemetry,
    conflicts: settings.conflicts,
    cloudToDevice: settings.cloud_to_device,
    consumerGroup: settings.consumer_group,
    eventEndpoint: settings.event_endpoint ?? "",
    eventHubName: settings.event_hub_name ?? "",
    sweepSeconds: settings.sweep_seconds === null ? "" : String(settings.sweep_seconds),
    hubName: settings.hub_name ?? "",
    policyName: settings.policy_name ?? "",
    policyKey: "",
  };
}

/** Only what differs: how a hub is read is the operator's to set on shared hubs, and is refused to others even unchanged. */
export function changedStateFields(form: StateForm, settings: StateSettings): Readonly<Record<string, unknown>> {
  const before = stateFormOf(settings);
  const differs = (...names: readonly (keyof StateForm)[]): boolean =>
    names.some((name) => form[name] !== before[name]);
  return {
    ...(differs("telemetry") && { telemetry: form.telemetry }),
    ...(differs("conflicts") && { conflicts: form.conflicts }),
    ...(differs("cloudToDevice") && { cloud_to_device: form.cloudToDevice }),
    ...(differs("consumerGroup") && { consumer_group: form.consumerGroup || "$Default" }),
    ...(differs("eventEndpoint", "eventHubName") && {
      event_endpoint: form.eventEndpoint || null,
      event_hub_name: form.eventHubName || null,
    }),
    ...(differs("sweepSeconds") && { sweep_seconds: secondsIn(form.sweepSeconds) }),
    ...(differs("hubName", "policyName", "policyKey") && hubFields(form)),
  };
}

/** What is no number the server refuses, with words of its own. */
function secondsIn(text: string): number | string | null {
  if (text === "") return null;
  return /^\d+$/.test(text) ? Number(text) : text;
}

function hubFields({ hubName, policyName, policyKey }: StateForm): Readonly<Record<string, unknown>> {
  if (hubName === "") return { hub_name: null };
  return {
    hub_name: hubName,
    ...(policyName !== "" && { policy_name: policyName }),
    ...(policyKey !== "" && { policy_key: policyKey }),
  };
}
