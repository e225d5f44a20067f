import { Anchor, Paper, SimpleGrid, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { searchGallery, type GalleryCard } from "./gallery.ts";

/** What events can be sent to: one chooses where. */
export function GalleryPage() {
  return (
    <Page
      title="New integration"
      about="An integration takes the events whose names begin as you say, and sends each of them somewhere."
      parent={{ title: "Integrations", to: "/integrations" }}
    >
      <Gallery />
    </Page>
  );
}

export function Gallery() {
  const [text, setText] = useState("");
  const cards = searchGallery(text);
  return (
    <>
      <SearchInput label="Search targets" onSearch={setText} maw={320} />
      {cards.length === 0 && (
        <Empty title="There is nothing of that name">A Webhook reaches whatever has a web address.</Empty>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
        {cards.map((card) => (
          <Card key={card.title} card={card} />
        ))}
      </SimpleGrid>
    </>
  );
}

function Card({ card: { title, about, to } }: { readonly card: GalleryCard }) {
  return (
    <Paper component="li" withBorder p="md" pos="relative">
      <Title order={2}>
        {/* Its link is as large as the card. */}
        <Anchor component={Link} to={to} inherit className="whole-card">
          {title}
        </Anchor>
      </Title>
      <Text size="sm" c="dimmed" mt={4}>
        {about}
      </Text>
    </Paper>
  );
}
