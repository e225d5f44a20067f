import { Alert, Button, Group, List, Paper, Stack } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import type { Report } from "../integrations/doctor/report.ts";
import { useDraftDoctor } from "../integrations/doctor/use-draft-doctor.ts";
import { SHOWN_FIELDS } from "../integrations/form/form-part.ts";
import { HubFields } from "../integrations/form/hub-fields.tsx";
import { connectionFields, EMPTY_HUB_FORM, type HubForm } from "../integrations/form/hub-form.ts";
import { checkName } from "./doctor.ts";
import { useIntegrationState, type IntegrationDetail } from "./integration.ts";
import { KeyRotation } from "./key-rotation.tsx";
import { useChange } from "./use-change.ts";

/** Hub, policy and its two keys: which are stored, which is in use, and new ones, tried before they are saved. */
export function KeySection({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, hub_name: hubName = "", policy_name: policyName = "", secondary_policy_key: secondary } = integration;
  const stored: HubForm = { ...EMPTY_HUB_FORM, hubName, policyName };
  const [form, setForm] = useState(stored);
  const place = useRef<HTMLDivElement>(null);
  const save = useChange(id, "Saved: what waited is sent now.");
  const check = useDraftDoctor();
  const failure = save.error ?? check.error;
  const isChanged = JSON.stringify(connectionFields(form)) !== JSON.stringify(connectionFields(stored));
  const report = check.data?.report;
  const isRefused = report?.pass === false;

  // The header's next step leads here.
  useEffect(() => {
    if (location.hash === "#key") place.current?.scrollIntoView();
  }, []);

  function change(part: Partial<HubForm>): void {
    check.reset();
    save.reset();
    setForm((now) => ({ ...now, ...part }));
  }

  return (
    <div ref={place} id="key" style={{ scrollMarginTop: 64 }}>
      <Section title="Hub and keys">
        <Slots integration={integration} />
        <form
          aria-label="Hub and keys"
          autoComplete="off"
          onSubmit={(event) => {
            event.preventDefault();
            check.mutate(
              { id, ...connectionFields(form) },
              { onSuccess: ({ report }) => report.pass && save.mutate(connectionFields(form)) },
            );
          }}
        >
          <Stack gap="sm" maw={760}>
            <HubFields form={form} onChange={change} failure={failure} keepsKey />
            {isRefused && <Refused report={report} />}
            {failure !== null && fieldFailure(failure, ...SHOWN_FIELDS) === undefined && (
              <FailureNote failure={failure} />
            )}
            <Group gap="xs">
              <Button type="submit" loading={check.isPending || save.isPending} disabled={!isChanged}>
                Check and save
              </Button>
              {isRefused && (
                <Button variant="default" onClick={() => save.mutate(connectionFields(form))}>
                  Save it all the same
                </Button>
              )}
              {secondary !== undefined && (
                <Button variant="default" onClick={() => save.mutate({ secondary_policy_key: "" })}>
                  Remove the secondary key
                </Button>
              )}
            </Group>
          </Stack>
        </form>
        {hubName !== "local" && <KeyRotation inUse={integration.hub.key_in_use ?? "primary"} policy={policyName} />}
      </Section>
    </div>
  );
}

/** The two places for keys, and what is in them. */
function Slots({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, hub, secondary_policy_key: secondary } = integration;
  const { data } = useIntegrationState(id);
  const isRefused = data?.failure?.code === "key_refused";
  const slots = [
    { name: "Primary key", isStored: true, inUse: hub.key_in_use === "primary" },
    { name: "Secondary key", isStored: secondary !== undefined, inUse: hub.key_in_use === "secondary" },
  ];
  return (
    <Group gap="xs" component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Keys that are stored">
      {slots.map(({ name, isStored, inUse }) => {
        const [tone, words]: readonly [Tone, string] = !isStored
          ? ["quiet", "none"]
          : isRefused
            ? ["bad", "stored, refused by the hub"]
            : inUse
              ? ["good", "stored, in use now"]
              : ["quiet", "stored"];
        return (
          <Paper key={name} component="li" withBorder px="sm" py={6}>
            <StateBadge tone={tone}>{`${name}: ${words}`}</StateBadge>
          </Paper>
        );
      })}
    </Group>
  );
}

function Refused({ report }: { readonly report: Report }) {
  return (
    <Alert color="red" variant="light" role="alert" title="Not saved: the check failed">
      <List size="sm" spacing={4}>
        {report.checks
          .filter(({ ok }) => ok === false)
          .map(({ name, message, next_step: next }) => (
            <List.Item key={name} className="foreign">
              <b>{checkName(name)}:</b> {message} {next}
            </List.Item>
          ))}
      </List>
    </Alert>
  );
}
