/** A device that takes its desired properties and reports one of its own, for Node.js. */
export function deviceProgram(connectionString: string): string {
  return `const { Client } = require("azure-iot-device");
const { Mqtt } = require("azure-iot-device-mqtt");
const client = Client.fromConnectionString(${JSON.stringify(connectionString)}, Mqtt);
client.open(() =>
  client.getTwin((error, twin) => {
    if (error) throw error;
    twin.on("properties.desired", (wanted) => console.log("wanted", wanted));
    twin.properties.reported.update({ startedAt: new Date().toISOString() }, () => console.log("reported"));
  }),
);
`;
}
