import { Button, Group, Stack, Text } from "@mantine/core";
import { ApiFailure } from "../client/failure.ts";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { saveIdentities, useNewestScan, useScanning, type Scan } from "./identity-scan.ts";
import { PlanForm } from "./plan-form.tsx";
import { Plans } from "./plans.tsx";
import { ScanClasses } from "./scan-classes.tsx";

/** What the hub's registry holds, compared with what is needed; and a plan, shown before it is applied. */
export function IdentitiesTab({ connectionId }: { readonly connectionId: string }) {
  const query = useNewestScan(connectionId);
  const { scan, stop } = useScanning(connectionId);
  if (query.error instanceof ApiFailure && query.error.status === 403) return <FailureNote failure={query.error} />;
  const begin = (
    <Button loading={scan.isPending} disabled={query.data?.state === "running"} onClick={() => scan.mutate()}>
      {query.data == null ? "Scan the hub" : "Scan again"}
    </Button>
  );
  return (
    <Stack gap="md">
      {scan.error !== null && <FailureNote failure={scan.error} />}
      <Loaded query={query} lines={6}>
        {(newest) =>
          newest === null ? (
            <Empty title="The hub has not been looked at yet">
              <Text size="sm" mb="sm">
                A scan reads the hub&apos;s registry and changes nothing. It shows which identities were made here,
                which are missing, and which nobody needs any more.
              </Text>
              {begin}
            </Empty>
          ) : (
            <Section
              title="What the hub has"
              actions={
                <Group gap="xs">
                  {newest.state === "running" && (
                    <Button variant="default" onClick={() => stop.mutate(newest.id)}>
                      Stop the scan
                    </Button>
                  )}
                  <Button variant="default" onClick={() => void saveIdentities(connectionId, newest.id)}>
                    Download CSV
                  </Button>
                  {begin}
                </Group>
              }
            >
              <ScanState scan={newest} />
              <ScanClasses connectionId={connectionId} scan={newest} />
              {newest.state === "done" && <PlanForm key={newest.id} connectionId={connectionId} scan={newest} />}
            </Section>
          )
        }
      </Loaded>
      <Plans connectionId={connectionId} />
    </Stack>
  );
}

function ScanState({ scan }: { readonly scan: Scan }) {
  const { state, in_hub: inHub, devices, disabled, failure, ended_at: endedAt } = scan;
  if (failure !== null) return <FailureNote failure={failure} title="The scan did not end" />;
  const seen = `${inHub.toLocaleString()} identities in the hub, ${devices.toLocaleString()} devices here`;
  return (
    <Text size="sm" role="status" component="div">
      {state === "running" && <span aria-live="off">{`Scanning: ${seen} so far…`}</span>}
      {state === "cancelled" && `Stopped: ${seen} until then. A scan that did not end whole has no plan.`}
      {state === "done" && (
        <>
          {seen}
          {disabled > 0 && `, ${disabled.toLocaleString()} of ours disabled in the hub`}. Scanned <Time at={endedAt} />.
          {!scan.generations_compared &&
            " The hub is too large to compare who made each one; that is done before each deletion."}
        </>
      )}
    </Text>
  );
}
