import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { request, segment } from "../../client/request.ts";
import { announce } from "../../elements/announcements.tsx";
import { ConfirmButton } from "../../elements/confirm-button.tsx";
import { Tile } from "../../elements/count.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Loaded } from "../../elements/loaded.tsx";
import { Section } from "../../elements/page.tsx";
import { StateBadge } from "../../elements/state-badge.tsx";
import { Time } from "../../elements/time.tsx";
import { Gaps } from "./gaps.tsx";
import { KINDS, sourcePath, stateOf, type ShownOnce, type Source } from "./source.ts";
import { TokenForm } from "./token-form.tsx";
import { WebhookDefinition, WebhookShownOnce } from "./webhook-definition.tsx";

/** One source: what it is doing, what it missed, and what can be done to it. */
export function SourceDetail({ product, id }: { readonly product: string; readonly id: string }) {
  const path = sourcePath(product, id);
  const source = useQuery({
    queryKey: ["sources", product, id],
    queryFn: async ({ signal }) => (await request<{ source: Source }>(path, { signal })).source,
    refetchInterval: 5_000,
  });
  return (
    <Stack>
      <Anchor component={Link} to="/settings/sources" size="xs">
        ← Sources
      </Anchor>
      <Loaded query={source}>{(found) => <Shown source={found} product={product} />}</Loaded>
    </Stack>
  );
}

function Shown({ source, product }: { readonly source: Source; readonly product: string }) {
  const path = sourcePath(product, source.id);
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [once, setOnce] = useState<ShownOnce | null>(null);
  const changed = async (): Promise<void> => queries.invalidateQueries({ queryKey: ["sources"] });
  const pause = useMutation({
    mutationFn: () => request(path, { method: "PUT", body: { disabled: !source.disabled } }),
    onSuccess: changed,
  });

  async function remove(): Promise<void> {
    await request(path, { method: "DELETE" });
    announce("The source is deleted.");
    navigate("/settings/sources");
    await changed();
  }

  async function renew(): Promise<void> {
    setOnce(await request<ShownOnce>(`${path}/secret`, { method: "POST" }));
  }

  const { status } = source;
  const { tone, words } = stateOf(source);
  const isWebhook = source.kind === "inbound-webhook";
  return (
    <Section
      title={source.name}
      actions={
        <Group gap="xs">
          <Button variant="default" loading={pause.isPending} onClick={() => pause.mutate()}>
            {source.disabled ? "Resume" : "Pause"}
          </Button>
          {isWebhook && (
            <ConfirmButton
              title="Make a new secret?"
              message="The present one stays good for 24 hours, so that the webhook can be changed in the meantime."
              confirmLabel="Make a new secret"
              onConfirm={renew}
            >
              New secret
            </ConfirmButton>
          )}
          <ConfirmButton
            title={`Delete ${source.name}?`}
            message="No more events come from there. Devices and events that it brought stay."
            onConfirm={remove}
          >
            Delete
          </ConfirmButton>
        </Group>
      }
    >
      <Text size="sm" c="dimmed">
        {KINDS[source.kind]} of product{" "}
        <Anchor component={Link} to={`/products/${segment(product)}`} inherit underline="always" className="foreign">
          {product}
        </Anchor>
        {source.event !== "" && (
          <>
            , events that begin with <code className="foreign">{source.event}</code>
          </>
        )}
      </Text>
      {pause.error !== null && <FailureNote failure={pause.error} />}
      <Group gap="xs">
        <StateBadge tone={tone}>{words}</StateBadge>
        {status.since !== null && (
          <Text size="sm" c="dimmed" component="span">
            since <Time at={status.since} />
          </Text>
        )}
        {status.until !== null && (
          <Text size="sm" c="dimmed" component="span">
            until <Time at={status.until} />
          </Text>
        )}
      </Group>
      {!source.disabled && status.reason !== null && (
        <FailureNote failure={{ code: status.state, message: status.reason, next_step: status.next_step }} />
      )}
      <Group gap="xs">
        <Tile name="Accepted today">{status.today.accepted.toLocaleString()}</Tile>
        <Tile name="Came before">{status.today.repeated.toLocaleString()}</Tile>
        <Tile name="Not wanted">{status.today.ignored.toLocaleString()}</Tile>
        <Tile name="Refused">{status.today.refused.toLocaleString()}</Tile>
        <Tile name="Last event">
          <Time at={status.last_event_at} />
        </Tile>
        {isWebhook && (
          <Tile name="Last test">
            <Time at={status.test_received_at} />
          </Tile>
        )}
      </Group>
      {status.last_refusal !== null && (
        <Text size="sm" className="foreign">
          Last refused <Time at={status.last_refusal.at} />: {status.last_refusal.message}
        </Text>
      )}
      {once !== null && <WebhookShownOnce shown={once} />}
      {isWebhook && once === null && <WebhookDefinition path={path} event={source.event} />}
      {!isWebhook && <TokenForm path={path} />}
      <Gaps path={path} />
    </Section>
  );
}
