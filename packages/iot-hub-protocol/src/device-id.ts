const DEVICE_ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/;

/** IoT Hub's rule for device and module ids: 1 to 128 of the ASCII characters it lists, case-sensitive. */
export function isDeviceId(text: string): boolean {
  return DEVICE_ID.test(text);
}
