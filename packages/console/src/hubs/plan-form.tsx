import { Checkbox, Group, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Section } from "../elements/page.tsx";
import { useScanning, type IdentityAction, type Scan } from "./identity-scan.ts";
import { ACTIONS } from "./identity-words.ts";

/** What could be done, what of it is to be done, and the question before it is. */
export function PlanForm({ connectionId, scan }: { readonly connectionId: string; readonly scan: Scan }) {
  const possible = ACTIONS.filter(({ name }) => scan.plan[name] > 0);
  const [chosen, setChosen] = useState<ReadonlySet<IdentityAction>>(
    () => new Set(possible.flatMap(({ name, usual }) => (usual ? [name] : []))),
  );
  const { apply, scan: again } = useScanning(connectionId);
  if (possible.length === 0) {
    return (
      <Text size="sm" fw={600}>
        Hub and devices agree: there is nothing to be done.
      </Text>
    );
  }
  const picked = possible.filter(({ name }) => chosen.has(name));
  const deletes = chosen.has("delete") ? scan.plan.delete : 0;
  const isMass = deletes > scan.deletes_unasked;
  const inWords = picked.map(({ name, label }) => label(scan.plan[name].toLocaleString())).join(", ");

  function choose(name: IdentityAction, isChosen: boolean): void {
    setChosen((former) => new Set(isChosen ? [...former, name] : [...former].filter((one) => one !== name)));
  }

  async function begin(): Promise<void> {
    await apply.mutateAsync({ id: scan.id, actions: picked.map(({ name }) => name), deletes: isMass ? deletes : 0 });
    announce("The plan is being applied.");
    again.reset();
  }

  return (
    <Section title="Plan">
      <Paper withBorder p="md">
        <Stack gap="sm">
          {possible.map(({ name, label, about }) => (
            <Checkbox
              key={name}
              label={label(scan.plan[name].toLocaleString())}
              description={about}
              checked={chosen.has(name)}
              onChange={(event) => choose(name, event.currentTarget.checked)}
            />
          ))}
          <Group>
            <ConfirmButton
              variant={deletes > 0 ? "outline" : "filled"}
              {...(deletes > 0 && { color: "red" })}
              disabled={picked.length === 0}
              title="Apply the plan?"
              confirmLabel="Apply the plan"
              message={
                <>
                  <Text size="sm">{inWords}.</Text>
                  {isMass && (
                    <Text size="sm" mt="xs">
                      {`This deletes ${deletes.toLocaleString()} of the hub's ${scan.in_hub.toLocaleString()} identities with their keys and twins. It cannot be undone.`}
                    </Text>
                  )}
                </>
              }
              {...(isMass && { word: String(deletes) })}
              onConfirm={begin}
            >
              Apply the plan…
            </ConfirmButton>
            <Text size="xs" c="dimmed">
              Identities of others are in no plan.
            </Text>
          </Group>
        </Stack>
      </Paper>
    </Section>
  );
}
