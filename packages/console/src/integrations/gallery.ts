/** What events can be sent to. */
export interface GalleryCard {
  readonly title: string;
  readonly about: string;
  readonly to: string;
  /** What somebody may look for who means it. */
  readonly words: string;
}

const GALLERY: readonly GalleryCard[] = [
  {
    title: "Azure IoT Hub",
    about:
      "Each event becomes a device-to-cloud message, in the stream of the device that published it. Or into the Local Hub, without Azure.",
    to: "/integrations/new/azure",
    words: "microsoft cloud device message telemetry local emulator twin d2c amqp",
  },
  {
    title: "Webhook",
    about: "Each event becomes an HTTP request to a web address. The answer can go back to the device.",
    to: "/integrations/new/webhook",
    words: "http https rest url post json request api",
  },
];

/** Those that have every word that was typed. */
export function searchGallery(text: string): readonly GalleryCard[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return GALLERY.filter(({ title, about, words }) => {
    const all = `${title} ${about} ${words}`.toLowerCase();
    return wanted.every((word) => all.includes(word));
  });
}
