import type { SeriesQuery } from "../core/delivery-history.ts";
import { badRequest } from "./api-error.ts";
import { optionalInteger, type Fields } from "./bodies.ts";
import { optionalTime } from "./times.ts";

const DAY_MS = 86_400_000;
const DEFAULT_BUCKET_S = 900;
const MAX_BUCKET_S = 31 * 86_400;

/** Fields of a query that ask for counts over time: by default the last day in quarters of an hour. */
export function seriesQuery(
  fields: Fields,
  names: { readonly from: string; readonly to: string; readonly bucket: string },
  now: number,
): SeriesQuery {
  const to = optionalTime(fields, names.to) ?? now + 1;
  const from = optionalTime(fields, names.from) ?? to - DAY_MS;
  if (from >= to) throw badRequest(`${names.from} must be before ${names.to}`);
  const bucketMs = (optionalInteger(fields, names.bucket, 16, MAX_BUCKET_S) ?? DEFAULT_BUCKET_S) * 1_000;
  return { from, to, bucketMs };
}
