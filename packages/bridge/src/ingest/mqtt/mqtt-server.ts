/** The device door with its listeners. */
import type { Log } from "../../core/log.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import { createDeviceDoor } from "./device-door.ts";
import type { DeviceDoor, DeviceDoorOptions } from "./device-door.ts";
import { listenPlain, listenTls } from "./listeners.ts";
import type { Listener } from "./listeners.ts";

export interface MqttServerOptions extends DeviceDoorOptions {
  readonly host: string;
  /** `null`: no plain listener. */
  readonly port: number | null;
  /** Nobody asked for this port: when it is taken, a free one does. */
  readonly isPortDefault: boolean;
  readonly tls: (CertificateFiles & { readonly port: number }) | null;
  readonly log: Log;
}

export interface MqttServer extends Pick<DeviceDoor, "links" | "deviceChanged"> {
  /** Ports where devices connect, `null` where nothing listens. */
  readonly port: number | null;
  readonly tlsPort: number | null;
  connections(): number;
  close(): Promise<void>;
}

export async function startMqttServer(options: MqttServerOptions): Promise<MqttServer> {
  const { host, port, isPortDefault: mayMove, tls, log } = options;
  const door = createDeviceDoor(options);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    await door.close();
  };
  try {
    const plain = port === null ? null : await listenPlain({ door, host, port, mayMove, log });
    if (plain !== null) listeners.push(plain);
    const secure = tls === null ? null : await listenTls({ ...tls, door, host, log });
    if (secure !== null) listeners.push(secure);
    return {
      links: door.links,
      deviceChanged: (deviceId) => door.deviceChanged(deviceId),
      port: plain?.port ?? null,
      tlsPort: secure?.port ?? null,
      connections: () => door.connections,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
