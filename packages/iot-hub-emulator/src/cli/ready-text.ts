/** What a person needs after the start, in a few lines. */
import type { EmulatorAddresses } from "../addresses.ts";

export function readyText(addresses: EmulatorAddresses): string {
  const { hostName, httpsPort, amqpsPort, mqttsPort, amqpPort, caFile } = addresses;
  const page = httpsPort === 443 ? `https://${hostName}/` : `https://${hostName}:${httpsPort}/`;
  const note = httpsPort === 443 ? "" : " (most REST clients know 443 only: see Settings in the README)";
  return `IoT Hub emulator is running: ${page}

  HTTPS   ${hostName}:${httpsPort}${note}
  AMQPS   ${hostName}:${amqpsPort}
  MQTTS   ${hostName}:${mqttsPort}
  AMQP    ${hostName}:${amqpPort} (no TLS, Event Hubs clients only)

  Trust this CA, e.g. with NODE_EXTRA_CA_CERTS:
    ${caFile}

  Connection string (policy iothubowner):
    ${addresses.connectionString}
  Event Hubs-compatible endpoint:
    ${addresses.eventHubConnectionString}
  The same over plain TCP:
    ${addresses.plainEventHubConnectionString}
  Device provisioning: id scope ${addresses.idScope}, connection string
    ${addresses.provisioningConnectionString}

  Ctrl-C stops it.
`;
}
