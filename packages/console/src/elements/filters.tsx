import { Box } from "@mantine/core";
import type { ReactNode } from "react";

/** The fields that choose what a list shows, in one row; two columns on a phone. Their widths are console.css's, not each screen's. */
export function Filters({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Box className="filters" role="search" aria-label={label}>
      {children}
    </Box>
  );
}
