import { Anchor, Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import { StateBadge } from "../elements/state-badge.tsx";
import { pathOf } from "./connection.ts";
import { IdentityList } from "./identity-list.tsx";
import type { Scan } from "./identity-scan.ts";
import { CLASSES } from "./identity-words.ts";

/** The numbers by class; each leads to its list. */
export function ScanClasses({ connectionId, scan }: { readonly connectionId: string; readonly scan: Scan }) {
  const [search] = useSearchParams();
  const opened = CLASSES.find(({ name }) => name === search.get("class"));
  const shown = CLASSES.filter(({ name }) => scan.counts[name] > 0 || name === "missing" || name === "orphaned");
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="xs">
        {shown.map(({ name, tone, title, about }) => {
          const count = scan.counts[name].toLocaleString();
          const to = `${pathOf(connectionId, "identities")}?class=${name}`;
          const isListed = scan.counts[name] > 0 && name !== "foreign";
          return (
            <Paper key={name} withBorder p="sm">
              <Group justify="space-between" wrap="nowrap" gap="xs">
                <StateBadge tone={scan.counts[name] > 0 ? tone : "quiet"}>{title}</StateBadge>
                {isListed ? (
                  <Anchor component={Link} to={to} className="number" fw={600} aria-label={`${count} ${title}`}>
                    {count}
                  </Anchor>
                ) : (
                  <Text fw={600} className="number">
                    {count}
                  </Text>
                )}
              </Group>
              <Text size="xs" c="dimmed">
                {about}
              </Text>
            </Paper>
          );
        })}
      </SimpleGrid>
      {opened !== undefined && scan.state !== "running" && (
        <IdentityList key={`${scan.id} ${opened.name}`} connectionId={connectionId} scan={scan} of={opened} />
      )}
    </Stack>
  );
}
