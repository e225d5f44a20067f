import { Anchor, Box, Group } from "@mantine/core";
import { Link } from "wouter";

export interface TabLink {
  readonly title: string;
  readonly to: string;
  readonly active: boolean;
  /** Beside the title, where there is something to see. */
  readonly count?: number;
}

/** The parts of a page, each with an address of its own: they open in new tabs, and the back button works. */
export function TabLinks({ label, tabs }: { readonly label: string; readonly tabs: readonly TabLink[] }) {
  return (
    <Box
      component="nav"
      aria-label={label}
      className="scroll-x"
      style={{ borderBottom: "1px solid var(--isthmus-line)" }}
    >
      <Group gap={4} wrap="nowrap">
        {tabs.map(({ title, to, active, count = 0 }) => (
          <Anchor
            key={to}
            component={Link}
            to={to}
            size="sm"
            px="sm"
            py={8}
            c={active ? "inherit" : "dimmed"}
            fw={active ? 600 : 400}
            underline="never"
            className="number"
            {...(active && { "aria-current": "page" as const })}
            style={{ borderBottom: `2px solid ${active ? "var(--mantine-primary-color-filled)" : "transparent"}` }}
          >
            {title}
            {count > 0 && ` (${count.toLocaleString()})`}
          </Anchor>
        ))}
      </Group>
    </Box>
  );
}
