/** Which clouds may be followed: Particle's own, and what whoever runs this server has listed. */

const PARTICLE = "api.particle.io";

/** Why not, in a sentence; `null` when it may. */
export function baseUrlFault(baseUrl: string, hosts: readonly string[]): string | null {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return "base_url must be an address such as https://api.particle.io";
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return "base_url must hold no user, query or fragment";
  }
  if (hosts.includes(url.hostname)) return null;
  if (url.protocol === "http:")
    return "base_url must begin with https://; plain HTTP is for hosts that ISTHMUS_SOURCE_HOSTS lists";
  if (url.hostname === PARTICLE && url.port === "") return null;
  return `base_url must be https://${PARTICLE}; other hosts must be listed in ISTHMUS_SOURCE_HOSTS`;
}
