import { pathOf } from "../api-client.ts";

/** Of a Thing by its id, of one's own device by id or name, of a product's by its id. */
export function statePath(id: string): string {
  return pathOf`/admin/v1/devices/${id}/state`;
}
