/** The same change for many devices, with a result for each. */
import { failureText } from "./failure-text.ts";
import { request, segment } from "../client/request.ts";
import { devicePath, type Approval, type DeviceRow } from "./device-rows.ts";

export interface BulkResult {
  readonly device: DeviceRow;
  /** Why not; `null`: it was done. */
  readonly refusal: string | null;
}

interface ApprovalAnswer {
  readonly results: readonly { readonly id: string; readonly ok: boolean; readonly error?: string }[];
}

const IN_SANDBOX = "It is in no product, and devices of the sandbox need no approval.";

/** One request for each product. */
export async function approveMany(devices: readonly DeviceRow[], approval: Approval): Promise<readonly BulkResult[]> {
  const products = new Set(devices.map(({ product_slug }) => product_slug));
  const results = await Promise.all(
    Array.from(products, async (product): Promise<readonly BulkResult[]> => {
      const members = devices.filter(({ product_slug }) => product_slug === product);
      if (product === null) return members.map((device) => ({ device, refusal: IN_SANDBOX }));
      const ids = members.map(({ id }) => id);
      const path = `/admin/v1/products/${segment(product)}/devices/approvals`;
      const answer = await request<ApprovalAnswer>(path, { method: "POST", body: { ids, approval } });
      const refusals = new Map(answer.results.map(({ id, ok, error }) => [id, ok ? null : (error ?? "Refused")]));
      return members.map((device) => ({ device, refusal: refusals.get(device.id) ?? null }));
    }),
  );
  return results.flat();
}

/** One after the other: what fails is told, and the others go on. */
export async function removeMany(devices: readonly DeviceRow[]): Promise<readonly BulkResult[]> {
  const results: BulkResult[] = [];
  for (const device of devices) {
    const refusal = await request(devicePath(device), { method: "DELETE" }).then(() => null, failureText);
    results.push({ device, refusal });
  }
  return results;
}
