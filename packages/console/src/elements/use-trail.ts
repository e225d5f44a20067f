import { useState } from "react";

/** Where one came from. A cursor, as the API gives it, leads on and not back. */
export interface Trail {
  /** For a `Pager`: `null` on the first page. */
  readonly onPrevious: (() => void) | null;
  readonly goOn: (to: string) => void;
  /** Other rows: their first page has nothing before it. */
  readonly forget: () => void;
}

/** Steps through pages whose cursor stands in the address. From one that a link led to, back is the first. */
export function useTrail(cursor: string | null, goTo: (cursor: string | null) => void): Trail {
  const [former, setFormer] = useState<readonly (string | null)[]>([]);
  return {
    onPrevious:
      cursor === null
        ? null
        : () => {
            setFormer(former.slice(0, -1));
            goTo(former.at(-1) ?? null);
          },
    goOn(to) {
      setFormer([...former, cursor]);
      goTo(to);
    },
    forget: () => setFormer([]),
  };
}
