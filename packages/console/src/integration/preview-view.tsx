import { Alert, Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import type { Preview } from "../integrations/integration.ts";
import { MessageView } from "./message-view.tsx";

/** The message or request that settings make of an event, or why they make none. */
export function PreviewView({ preview }: { readonly preview: Preview }) {
  const { pass, message, request, device_id: deviceId = null, warnings, error = "", code = "", next_step } = preview;
  if (!pass) {
    return (
      <FailureNote
        title="No message can be made of it"
        failure={{ code, message: error, next_step: next_step ?? null }}
      />
    );
  }
  return (
    <Stack gap="xs">
      {message && <MessageView message={message} deviceId={deviceId} />}
      {request && <CodeBlock text={requestText(request)} what="the request" />}
      {warnings.map((warning) => (
        <Alert key={warning.code + warning.message} color="yellow" variant="light" p="xs">
          <Text size="sm" className="foreign">
            {warning.message}
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}

function requestText({ method, url, headers, body }: NonNullable<Preview["request"]>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url}`, ...lines, "", body ?? ""].join("\n").trimEnd();
}
