import { Button, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { endSession } from "../session/session.ts";

interface AccessToken {
  /** Opens nothing. */
  readonly id: string;
  readonly client: string;
  readonly current: boolean;
  readonly created_at: string;
  readonly expires_at: string | null;
}

const KEY = ["access-tokens"];

/** Where the account is signed in. */
export function AccessTokenList() {
  const queries = useQueryClient();
  const tokens = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => request<{ access_tokens: AccessToken[] }>("/admin/v1/access-tokens", { signal }),
  });
  const end = useMutation({
    mutationFn: ({ id }: AccessToken) => request(`/admin/v1/access-tokens/${segment(id)}`, { method: "DELETE" }),
    async onSuccess(_answer, { current }) {
      if (current) return endSession("signed_out");
      announce("That sign-in has ended.");
      await queries.invalidateQueries({ queryKey: KEY });
    },
  });

  async function endAll(): Promise<void> {
    await request("/v1/access_tokens", { method: "DELETE" });
    endSession("signed_out");
  }

  const columns: readonly Column<AccessToken>[] = [
    {
      name: "Client",
      cell: ({ client, current }) => (
        <>
          <span className="foreign">{client}</span>
          {current && (
            <Text span size="sm" c="dimmed">
              {" "}
              (this one)
            </Text>
          )}
        </>
      ),
    },
    { name: "Signed in", cell: ({ created_at }) => <Time at={created_at} /> },
    { name: "Ends", cell: ({ expires_at }) => <Time at={expires_at} /> },
    {
      name: "Actions",
      cell: (token) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={`End the sign-in of ${token.client}`}
          disabled={end.isPending}
          onClick={() => end.mutate(token)}
        >
          End
        </Button>
      ),
    },
  ];

  return (
    <Section
      title="Where you are signed in"
      actions={
        <ConfirmButton
          title="Sign out everywhere?"
          message="Every access token of this account ends: this browser, the command line, scripts. Devices' tokens and API users go on."
          onConfirm={endAll}
        >
          Sign out everywhere
        </ConfirmButton>
      }
    >
      {end.error !== null && <FailureNote failure={end.error} />}
      <Loaded query={tokens}>
        {({ access_tokens }) => (
          <DataTable name="Sign-ins" columns={columns} rows={access_tokens} rowKey={({ id }) => id} />
        )}
      </Loaded>
    </Section>
  );
}
