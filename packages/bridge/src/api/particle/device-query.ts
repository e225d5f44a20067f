import type { DeviceQuery } from "../../core/directory.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { groupNamesIn } from "./group-names.ts";

const SORT_ATTRIBUTES = ["deviceId", "firmwareVersion", "lastConnection"] as const;
const DEFAULT_PER_PAGE = 25;
const MAX_PER_PAGE = 1000;

/** The filters of a product's device list. */
export function deviceQueryOf(query: Fields): DeviceQuery {
  const perPageField = query["per_page"] === undefined ? "perPage" : "per_page";
  const quarantined = optionalFlag(query, "quarantined");
  const deviceId = optionalText(query, "deviceId", 128);
  const deviceName = optionalText(query, "deviceName", 128);
  const serialNumber = optionalText(query, "serialNumber", 64);
  const groups = groupNamesIn(query, "groups");
  const sortBy = sortAttribute(optionalText(query, "sortAttr", 32));
  return {
    page: optionalInteger(query, "page", 1, 1_000_000) ?? 1,
    perPage: optionalInteger(query, perPageField, 1, MAX_PER_PAGE) ?? DEFAULT_PER_PAGE,
    descending: isDescending(optionalText(query, "sortDir", 8)),
    ...(quarantined !== null && { quarantined }),
    ...(deviceId !== null && { deviceId }),
    ...(deviceName !== null && { deviceName }),
    ...(serialNumber !== null && { serialNumber }),
    ...(groups !== null && groups.length > 0 && { groups }),
    ...(sortBy !== null && { sortBy }),
  };
}

function sortAttribute(text: string | null): (typeof SORT_ATTRIBUTES)[number] | null {
  if (text === null) return null;
  const known = SORT_ATTRIBUTES.find((attribute) => attribute === text);
  if (known === undefined) throw badRequest(`sortAttr must be one of ${SORT_ATTRIBUTES.join(", ")}`);
  return known;
}

function isDescending(text: string | null): boolean {
  if (text === null || text === "asc") return false;
  if (text === "desc") return true;
  throw badRequest("sortDir must be asc or desc");
}
