import { Alert, Text } from "@mantine/core";
import { ApiFailure } from "../client/failure.ts";

/** What went wrong and what to do about it: an `ApiFailure`, any error, or a failure that an answer tells. */
export function FailureNote({ failure, title }: { readonly failure: unknown; readonly title?: string }) {
  const { message, nextStep } = wordsOf(failure);
  return (
    <Alert color="red" variant="light" role="alert" {...(title !== undefined && { title })}>
      <Text size="sm" className="foreign">
        {message}
      </Text>
      {nextStep !== null && (
        <Text size="sm" mt={4} className="foreign">
          <b>Next step:</b> {nextStep}
        </Text>
      )}
    </Alert>
  );
}

/** A failure as answers tell it. */
export interface ToldFailure {
  readonly code: string;
  readonly message: string;
  readonly next_step: string | null;
}

function wordsOf(failure: unknown): { readonly message: string; readonly nextStep: string | null } {
  if (failure instanceof ApiFailure) return failure;
  if (failure instanceof Error) return { message: failure.message, nextStep: null };
  if (typeof failure === "object" && failure !== null && "message" in failure) {
    const told = failure as ToldFailure;
    return { message: told.message, nextStep: told.next_step ?? null };
  }
  return { message: String(failure), nextStep: null };
}
