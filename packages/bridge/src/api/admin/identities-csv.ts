/** Identities as a file that spreadsheets open, read page by page as it is sent. */
import { Readable } from "node:stream";
import type { IdentityClass, ScannedIdentity } from "../../core/hub-identities.ts";
import { identityJson } from "./hub-identity-json.ts";

type Page = (name: IdentityClass, after: number) => readonly ScannedIdentity[];

export const CSV_PAGE = 1_000;

/** `page` brings `CSV_PAGE` rows of a class, after so many. */
export function identitiesCsv(classes: readonly IdentityClass[], page: Page): Readable {
  return Readable.from(linesOf(classes, page));
}

function* linesOf(classes: readonly IdentityClass[], page: Page): Generator<string> {
  yield "hub_device_id,class,action,device_id,status\r\n";
  for (const name of classes) {
    for (let after = 0; ; after += CSV_PAGE) {
      const rows = page(name, after);
      if (rows.length === 0) break;
      yield rows.map((row) => csvLine(Object.values(identityJson(row)))).join("");
    }
  }
}

/** What a spreadsheet would take for a formula is made a text. */
function csvLine(values: readonly (string | null)[]): string {
  const cell = (value: string | null): string => {
    const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : (value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${values.map(cell).join(",")}\r\n`;
}
