import { Alert, Text } from "@mantine/core";
import { ApiFailure } from "../client/failure.ts";
import { FailureNote } from "../elements/failure-note.tsx";

/** Why a part of the device in its hub cannot be shown. That it is not there yet is no failure. */
export function HubFailure({ failure }: { readonly failure: unknown }) {
  if (!(failure instanceof ApiFailure) || failure.code !== "identity_missing") return <FailureNote failure={failure} />;
  return (
    <Alert color="yellow" variant="light" title="The hub has no identity for this device">
      <Text size="sm">{failure.nextStep}</Text>
    </Alert>
  );
}
