/** The fronts of one hub: what speaks for it on every protocol. */
import type { RequestListener } from "node:http";
import { createAmqpFront } from "./amqp/server.ts";
import type { AmqpFront } from "./amqp/server.ts";
import { createHttpFront } from "./http/front.ts";
import { provisioningRoutes } from "./http/provisioning.ts";
import type { Site } from "./http/site.ts";
import type { WebSocketProtocol } from "./http/websocket.ts";
import type { HubError } from "./hub/errors.ts";
import type { Hub } from "./hub/hub.ts";
import type { ClosedConnection } from "./mqtt/context.ts";
import { createMqttFront } from "./mqtt/server.ts";
import type { MqttFront } from "./mqtt/server.ts";
import type { Provisioning } from "./provisioning/provisioning.ts";
import { peerCertificates } from "./tls/peer-certificates.ts";

export interface Fronts {
  readonly http: RequestListener;
  readonly amqp: AmqpFront;
  readonly mqtt: MqttFront;
  /** Ends all connections of devices and readers of events; requests under way are let finish. */
  close(): Promise<void>;
}

export interface FrontsOptions {
  readonly site: Site;
  readonly provisioning: Provisioning;
  readonly reportFault?: (error: HubError) => void;
  readonly reportClosed?: (closed: ClosedConnection) => void;
}

export function openFronts(hub: Hub, { site, provisioning, reportFault, reportClosed }: FrontsOptions): Fronts {
  const faults = reportFault === undefined ? {} : { reportFault };
  const { hostName, amqpsPort } = site.addresses;
  const amqp = createAmqpFront(hub, { eventHubAddress: () => ({ host: hostName, port: amqpsPort }), ...faults });
  const mqtt = createMqttFront(hub, { provisioning, ...faults, ...(reportClosed && { reportClosed }) });
  return {
    http: createHttpFront(hub, { site, furtherRoutes: provisioningRoutes(provisioning), ...faults }),
    amqp,
    mqtt,
    async close() {
      await mqtt.close();
      await amqp.close();
    },
  };
}

/** What may be asked for on the HTTPS port as a WebSocket. */
export function webSocketProtocols({ amqp, mqtt }: Fronts): readonly WebSocketProtocol[] {
  return [
    {
      subprotocol: "mqtt",
      // The second is where Eclipse Paho asks when it is told no path, as by the vendor's Java client for provisioning.
      paths: ["/$iothub/websocket", "/mqtt"],
      accept: (stream, socket) => mqtt.accept(stream, { certificates: peerCertificates(socket) }),
    },
    {
      subprotocol: "AMQPWSB10",
      paths: ["/$iothub/websocket", "/$servicebus/websocket"],
      accept: (stream, socket) => amqp.accept(stream, { certificates: peerCertificates(socket) }),
    },
  ];
}
