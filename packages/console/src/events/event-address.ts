/** The filter of the events screen, in the page's address: links lead to it and the back button works. */
import { useAddress } from "../elements/address.ts";
import type { EventFilter } from "./event.ts";

export interface FilterInAddress {
  readonly filter: EventFilter;
  readonly change: (change: Partial<EventFilter>) => void;
}

export function useEventFilter(): FilterInAddress {
  const { fields, change } = useAddress();
  const of = (name: keyof EventFilter): string => fields.get(name) ?? "";
  return {
    filter: { prefix: of("prefix"), device: of("device"), product: of("product") },
    change: (changes) => change(changes, { replace: true }),
  };
}
