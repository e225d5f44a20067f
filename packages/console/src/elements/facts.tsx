import { Box, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Names with their values, one under the other. */
export function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <Box
      component="dl"
      m={0}
      style={{ display: "grid", gridTemplateColumns: "minmax(7rem, max-content) 1fr", gap: "4px 16px" }}
    >
      {children}
    </Box>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} className="foreign" style={{ minWidth: 0 }}>
        {children}
      </Text>
    </>
  );
}
