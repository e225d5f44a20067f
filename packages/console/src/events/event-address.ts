/** The filter of the events screen, in the page's address: links lead to it and the back button works. */
import { useSearchParams } from "wouter";
import type { EventFilter } from "./event.ts";

export interface FilterInAddress {
  readonly filter: EventFilter;
  readonly change: (change: Partial<EventFilter>) => void;
}

export function useEventFilter(): FilterInAddress {
  const [params, setParams] = useSearchParams();
  const of = (name: keyof EventFilter): string => params.get(name) ?? "";
  return {
    filter: { prefix: of("prefix"), device: of("device"), product: of("product") },
    change(change) {
      setParams(
        (former) => {
          const next = new URLSearchParams(former);
          for (const [name, value] of Object.entries(change)) {
            if (value === "") next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: true },
      );
    },
  };
}
