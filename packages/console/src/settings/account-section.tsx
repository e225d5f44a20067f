import { Stack, Text } from "@mantine/core";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { useAbout } from "./about.ts";
import { AccessTokenList } from "./access-token-list.tsx";
import { PasswordForm } from "./password-form.tsx";

/** Who one is here, with which password, and where one is signed in. */
export function AccountSection() {
  const about = useAbout();
  return (
    <Stack gap="lg">
      <Section title="You">
        <Loaded query={about} lines={1}>
          {({ username, operator }) => (
            <Text size="sm">
              Signed in as{" "}
              <b className="foreign" dir="auto">
                {username}
              </b>
              {operator && ", the operator of this server"}
            </Text>
          )}
        </Loaded>
      </Section>
      <PasswordForm />
      <AccessTokenList />
    </Stack>
  );
}
