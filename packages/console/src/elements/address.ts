/** What a screen shows stands in its address, in the fields after `?`: links lead to it, and the back button works. */
import { useSearchParams } from "wouter";

/** `null` and empty texts take a field away; those that are not named stay. */
export type AddressChanges = Readonly<Record<string, string | null>>;

export interface AddressFields {
  readonly fields: URLSearchParams;
  /** `replace`: the back button does not lead to what was before. */
  readonly change: (changes: AddressChanges, how?: { readonly replace?: boolean }) => void;
}

export function useAddress(): AddressFields {
  const [fields, setFields] = useSearchParams();
  return { fields, change: (changes, how) => setFields((now) => changedFields(now, changes), how) };
}

export function changedFields(fields: URLSearchParams, changes: AddressChanges): URLSearchParams {
  const next = new URLSearchParams(fields);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}
