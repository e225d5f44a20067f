import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useEffect, useRef, type ReactNode } from "react";
import { Link } from "wouter";
import { hasNavigated } from "../shell/navigated.ts";

export interface PageProps {
  readonly title: string;
  /** The tab that is open, for the window's title. */
  readonly part?: string | undefined;
  /** Under the title: what this is, in a sentence. */
  readonly about?: ReactNode;
  /** Right of the title. */
  readonly actions?: ReactNode;
  /** Where it hangs: shown before the title. */
  readonly parent?: { readonly title: string; readonly to: string };
  readonly children: ReactNode;
}

/** The frame of every screen: its one `h1`, its place, its actions. */
export function Page({ title, part, about, actions, parent, children }: PageProps) {
  useDocumentTitle(`${part === undefined ? "" : `${part} · `}${title} · Isthmus`);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Who came by a link of the console is told where; who has just opened it begins at its top.
    if (hasNavigated()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0, flex: "1 1 16rem" }}>
          {parent && (
            <Anchor component={Link} to={parent.to} size="xs">
              ← {parent.title}
            </Anchor>
          )}
          <Title order={1} className="foreign" ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {about !== undefined && (
            <Text size="sm" c="dimmed" component="div">
              {about}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page under its own heading. */
export function Section({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Group justify="space-between" gap="xs">
        <Title order={2}>{title}</Title>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}
