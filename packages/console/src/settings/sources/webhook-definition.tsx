import { Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../client/request.ts";
import { CodeBlock } from "../../elements/code-block.tsx";
import { Loaded } from "../../elements/loaded.tsx";
import { Section } from "../../elements/page.tsx";
import { SecretOnce } from "../../elements/secret-once.tsx";
import type { ShownOnce } from "./source.ts";

const HOW =
  "Paste it in Particle's console under Integrations, Webhook, Custom template, or save it as webhook.json and run " +
  "particle webhook create webhook.json. Then press Test there.";

/** The secret and the webhook with it, once. */
export function WebhookShownOnce({ shown }: { readonly shown: ShownOnce }) {
  return (
    <SecretOnce what="webhook with its secret" secret={JSON.stringify(shown.webhook_definition, null, 2)}>
      {HOW}
    </SecretOnce>
  );
}

/** The webhook to paste into Particle's console, its secret masked. */
export function WebhookDefinition({ path, event }: { readonly path: string; readonly event: string }) {
  const [asked, setAsked] = useState(event);
  const definition = useQuery({
    queryKey: ["sources", path, "webhook-definition", asked],
    queryFn: ({ signal }) => request<unknown>(`${path}/webhook-definition`, { query: { event: asked }, signal }),
    enabled: asked !== "",
  });
  return (
    <Section title="The webhook for Particle's console">
      <Stack gap="sm">
        {event === "" && (
          <TextInput
            label="Events that begin with"
            description="Particle has no webhook for all events: one character at least."
            maxLength={64}
            maw={380}
            value={asked}
            onChange={(change) => setAsked(change.currentTarget.value)}
          />
        )}
        <Text size="sm">
          {HOW} The secret was shown once, when it was made; New secret makes another. Particle's cloud must reach this
          address.
        </Text>
        {asked !== "" && (
          <Loaded query={definition}>
            {(json) => <CodeBlock text={JSON.stringify(json, null, 2)} what="the webhook" />}
          </Loaded>
        )}
      </Stack>
    </Section>
  );
}
