import { Button, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { CodeBlock } from "../elements/code-block.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import type { Overview } from "./overview.ts";
import { useAbout } from "../settings/about.ts";
import { publishCommand } from "../events/publish-command.ts";
import { claimCommand, FIRST_EVENT } from "./first-commands.ts";

/** Until the first event has come for an integration: what to do, in order, with what is done ticked off. */
export function FirstSteps({ overview: { integrations } }: { readonly overview: Overview }) {
  const address = window.location.origin;
  const hasLocalHub = useAbout().data?.local_hub ?? false;
  return (
    <Section title="Bring the first event to a hub">
      <Stack gap="xs" component="ol" m={0} p={0} style={{ listStyle: "none" }}>
        <Step number={1} title="Make an integration" isDone={integrations > 0}>
          <span>
            It says which events go to which hub.
            {hasLocalHub && " No hub of your own yet? The Local Hub of this server is one."}
          </span>
          <Go to="/integrations/new">Make an integration</Go>
        </Step>
        <Step number={2} title="Have a device">
          <span>Events come from devices. Any 24 hexadecimal digits are a device&apos;s id.</span>
          <Go to="/devices">Claim a device</Go>
          <span>Or in a shell, with the token that is in first-run.json in the server&apos;s data folder:</span>
          <CodeBlock text={claimCommand(address)} what="the command that claims a device" />
        </Step>
        <Step number={3} title="Publish an event">
          <span>A moment later it is on this page, and in the hub.</span>
          <Go to="/events?publish">Publish an event</Go>
          <span>Or as a device&apos;s program would:</span>
          <CodeBlock text={publishCommand(address, FIRST_EVENT)} what="the command that publishes" />
        </Step>
      </Stack>
    </Section>
  );
}

function Go({ to, children }: { readonly to: string; readonly children: string }) {
  return (
    <div>
      <Button component={Link} href={to}>
        {children}
      </Button>
    </div>
  );
}

function Step({
  number,
  title,
  isDone,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly isDone?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Paper component="li" withBorder p="md">
      <Title order={3}>
        {number}. {title} {isDone === true && <StateBadge tone="good">done</StateBadge>}
      </Title>
      {isDone !== true && (
        <Text size="sm" component="div">
          <Stack gap={6}>{children}</Stack>
        </Text>
      )}
    </Paper>
  );
}
