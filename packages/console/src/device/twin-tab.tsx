import { SimpleGrid, Stack } from "@mantine/core";
import { useCallback, useState } from "react";
import { Section } from "../elements/page.tsx";
import { useInHub, type InHub, type Twin } from "./hub-device.ts";
import { LoadedOfHub } from "./in-hub.tsx";
import { SectionTable } from "./section-table.tsx";
import { TwinEditor } from "./twin-editor.tsx";
import { TwinHistory } from "./twin-history.tsx";

/** The twin: what a service may write as text that is edited, what the device reported beside it, and what became of both. */
export function TwinTab({ at }: { readonly at: InHub }) {
  const query = useInHub<Twin>(at, "twin");
  return <LoadedOfHub query={query}>{(twin) => <LoadedTwin at={at} twin={twin} />}</LoadedOfHub>;
}

function LoadedTwin({ at, twin }: { readonly at: InHub; readonly twin: Twin }) {
  /** What an edit began with; `null` while nothing is edited. */
  const [kept, setKept] = useState<Twin | null>(null);
  const base = kept ?? twin;
  const onEdited = useCallback(
    (isEdited: boolean) => setKept((before) => (isEdited ? (before ?? twin) : null)),
    [twin],
  );
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <TwinEditor key={base.etag} at={at} base={base} onEdited={onEdited} />
        <Section title={`Reported (version ${twin.reported.version.toLocaleString()})`}>
          <SectionTable
            name="Reported properties"
            section={twin.reported}
            empty="The device has reported nothing yet. Only the device writes here."
          />
        </Section>
      </SimpleGrid>
      <Section title={`Desired, and since when (version ${twin.desired.version.toLocaleString()})`}>
        <SectionTable name="Desired properties" section={twin.desired} empty="Nothing is desired of the device yet." />
      </Section>
      <TwinHistory at={at} />
    </Stack>
  );
}
