import { Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import { Page } from "../elements/page.tsx";

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <Text>
        Its address may be old.{" "}
        <Anchor component={Link} to="/">
          Go to the start
        </Anchor>
        .
      </Text>
    </Page>
  );
}
