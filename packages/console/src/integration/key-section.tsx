import { Alert, Button, Code, Group, List, Paper, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { request } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { checkName, type DoctorReport } from "./doctor.ts";
import { changedKeys, type KeyFields } from "./key-fields.ts";
import type { IntegrationDetail } from "./integration.ts";
import { useChange } from "./use-change.ts";

/** The policy and its two keys: which are stored, which is in use, and new ones in their places, tried before they are saved. */
export function KeySection({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, policy_name: policy = "", hub, secondary_policy_key: secondary } = integration;
  const stored: KeyFields = { policyName: policy, primary: "", secondary: "" };
  const [fields, setFields] = useState(stored);
  const place = useRef<HTMLDivElement>(null);
  const save = useChange(id, "Saved: what waited is sent now.");
  const changes = changedKeys(fields, policy);
  const isChanged = Object.keys(changes).length > 0;
  const check = useMutation({
    mutationFn: () =>
      request<Omit<DoctorReport, "checked_at">>("/admin/v1/doctor", { method: "POST", body: { id, ...changes } }),
    onSuccess: ({ pass }) => pass && store(),
  });

  // The header's next step leads here.
  useEffect(() => {
    if (location.hash !== "#key") return;
    place.current?.scrollIntoView();
    place.current?.querySelector<HTMLInputElement>("[data-first]")?.focus({ preventScroll: true });
  }, []);

  function store(): void {
    save.mutate(changes, { onSuccess: () => setFields({ ...fields, primary: "", secondary: "" }) });
  }

  function set(change: Partial<KeyFields>): void {
    check.reset();
    setFields({ ...fields, ...change });
  }

  return (
    <div ref={place} id="key" style={{ scrollMarginTop: 64 }}>
      <Section title="Policy and keys">
        <Group gap="lg" component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Keys that are stored">
          <li>
            <Slot name="Primary key" isStored inUse={hub.key_in_use === "primary"} />
          </li>
          <li>
            <Slot name="Secondary key" isStored={secondary !== undefined} inUse={hub.key_in_use === "secondary"} />
          </li>
        </Group>
        <form
          autoComplete="off"
          onSubmit={(event) => {
            event.preventDefault();
            check.mutate();
          }}
        >
          <Stack gap="sm" maw={560}>
            <TextInput
              label="Policy name"
              description="Azure portal > IoT Hub > Shared access policies"
              required
              value={fields.policyName}
              onChange={({ currentTarget }) => set({ policyName: currentTarget.value })}
            />
            <PasswordInput
              label="New primary key"
              description="The policy’s key, or its whole connection string. Empty: the stored one stays"
              autoComplete="off"
              data-first
              value={fields.primary}
              onChange={({ currentTarget }) => set({ primary: currentTarget.value })}
            />
            <PasswordInput
              label="New secondary key"
              description="Used at once when the hub refuses the primary one. Empty: the stored one stays"
              autoComplete="off"
              value={fields.secondary}
              onChange={({ currentTarget }) => set({ secondary: currentTarget.value })}
            />
            {check.data?.pass === false && <Refused report={check.data} />}
            {check.error !== null && <FailureNote failure={check.error} />}
            {save.error !== null && <FailureNote failure={save.error} />}
            <Group gap="xs">
              <Button type="submit" loading={check.isPending || save.isPending} disabled={!isChanged}>
                Check and save
              </Button>
              {check.data?.pass === false && (
                <Button variant="default" onClick={store}>
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
        <Rotation inUse={hub.key_in_use ?? "primary"} policy={policy} />
      </Section>
    </div>
  );
}

function Slot({
  name,
  isStored,
  inUse,
}: {
  readonly name: string;
  readonly isStored: boolean;
  readonly inUse: boolean;
}) {
  return (
    <Paper withBorder px="sm" py={6}>
      <StateBadge tone={inUse ? "good" : "quiet"}>
        {`${name}: ${isStored ? (inUse ? "stored, in use now" : "stored") : "none"}`}
      </StateBadge>
    </Paper>
  );
}

function Refused({ report }: { readonly report: Pick<DoctorReport, "checks"> }) {
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

/** How both keys are made anew while messages flow. */
function Rotation({ inUse, policy }: { readonly inUse: "primary" | "secondary"; readonly policy: string }) {
  const other = inUse === "primary" ? "secondary" : "primary";
  return (
    <details>
      <Text component="summary" size="sm">
        Make both keys anew without a gap
      </Text>
      <List type="ordered" size="sm" spacing={4} mt={6}>
        <List.Item>
          In use here is the <b>{inUse}</b> key. In Azure, regenerate the <b>{other}</b> key of <Code>{policy}</Code>.
        </List.Item>
        <List.Item>
          Paste that new key here as primary, and Azure’s other one as secondary. Check and save: open connections go
          over to it while messages flow.
        </List.Item>
        <List.Item>In Azure, regenerate the key that is secondary here now.</List.Item>
        <List.Item>Paste it here as secondary. Done: both keys are new.</List.Item>
      </List>
      <Text size="sm" c="dimmed" mt={6}>
        A key that is made anew while it is in use costs no event either: they wait, and go out with the next good key.
        Other integrations with this policy keep their keys until they are changed too.
      </Text>
    </details>
  );
}
