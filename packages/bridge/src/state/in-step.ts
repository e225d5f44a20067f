/**
 * Whether a twin is as it was last seen, without reading it. A twin's outer version grows by one with each change of its
 * desired properties, its reported ones or its tags, and begins where those of both sections add up to it: the difference
 * between it and their sum is how often tags alone were changed. Etags do not serve: in the real service they stay as they
 * are when a device reports.
 */
import type { DeviceState } from "../core/device-state.ts";
import type { TwinGlance, TwinView } from "../core/twin-hub.ts";

/** How often the tags alone of a twin were changed. */
export function tagChanges({ version, desired, reported }: TwinView): number {
  return version - desired.version - reported.version;
}

/**
 * `in_step`; `changed`; `behind`: the glance is older than what was seen, or the device was made anew. A twin that was
 * never read by this process has to have the etag too.
 */
export function compareGlance(
  { desired, reported, etag }: Pick<DeviceState, "desired" | "reported" | "etag">,
  glance: TwinGlance,
  tags: number | undefined,
): "in_step" | "changed" | "behind" {
  if (desired.version === 0 || reported.version === 0) return "changed";
  const expected = desired.version + reported.version + (tags ?? 0);
  if (glance.version < expected) return "behind";
  if (glance.version > expected) return "changed";
  return tags !== undefined || glance.etag === etag ? "in_step" : "changed";
}
