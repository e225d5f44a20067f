import { Anchor, Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";

/** A number that leads to the rows behind it. */
export function Count({ value, to, label }: { readonly value: number; readonly to?: string; readonly label?: string }) {
  const text = value.toLocaleString();
  if (to === undefined) return <span className="number">{text}</span>;
  return (
    <Anchor
      component={Link}
      to={to}
      className="number"
      inherit
      {...(label !== undefined && { "aria-label": `${text} ${label}` })}
    >
      {text}
    </Anchor>
  );
}

/** A number with its name, in a tile. */
export function Tile({
  name,
  children,
  note,
}: {
  readonly name: string;
  readonly children: ReactNode;
  readonly note?: ReactNode;
}) {
  return (
    <Paper withBorder p="sm" miw={110} style={{ flex: "1 1 110px" }}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz={22} fw={600} className="number">
        {children}
      </Text>
      {note !== undefined && (
        <Text size="xs" c="dimmed" component="div">
          {note}
        </Text>
      )}
    </Paper>
  );
}
