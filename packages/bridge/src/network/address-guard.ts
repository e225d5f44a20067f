/**
 * Where the bridge may connect. A user names the host of a hub, a webhook or a source, so the name could lead into the
 * operator's own network; the check is made on the very addresses that the socket is about to use (a check before the
 * connect would leave room for a second, different answer of the name server).
 */
import { lookup as systemLookup } from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";

/** Ranges that are no public host: RFC 6890's special-purpose addresses, and all that can stand for a v4 address in v6. */
const REFUSED: readonly (readonly [network: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"], // this network
  ["10.0.0.0", 8, "ipv4"], // private
  ["100.64.0.0", 10, "ipv4"], // carrier-grade NAT
  ["127.0.0.0", 8, "ipv4"], // loopback
  ["169.254.0.0", 16, "ipv4"], // link-local, and the clouds' metadata services
  ["168.63.129.16", 32, "ipv4"], // Azure's host agent, public by number only
  ["172.16.0.0", 12, "ipv4"], // private
  ["192.0.0.0", 24, "ipv4"], // protocol assignments
  ["192.0.2.0", 24, "ipv4"], // documentation
  ["192.88.99.0", 24, "ipv4"], // 6to4 relays
  ["192.168.0.0", 16, "ipv4"], // private
  ["198.18.0.0", 15, "ipv4"], // benchmarks
  ["198.51.100.0", 24, "ipv4"], // documentation
  ["203.0.113.0", 24, "ipv4"], // documentation
  ["224.0.0.0", 3, "ipv4"], // multicast, reserved, broadcast
  ["::", 96, "ipv6"], // unspecified, loopback, v4-compatible
  ["::ffff:0:0", 96, "ipv6"], // v4-mapped
  ["::ffff:0:0:0", 96, "ipv6"], // v4-translated
  ["64:ff9b::", 96, "ipv6"], // NAT64
  ["64:ff9b:1::", 48, "ipv6"], // local NAT64
  ["100::", 64, "ipv6"], // discard
  ["2001::", 23, "ipv6"], // protocol assignments, Teredo
  ["2001:db8::", 32, "ipv6"], // documentation
  ["2002::", 16, "ipv6"], // 6to4
  ["3fff::", 20, "ipv6"], // documentation
  ["5f00::", 16, "ipv6"], // segment routing
  ["fc00::", 7, "ipv6"], // unique local
  ["fe80::", 10, "ipv6"], // link-local
  ["fec0::", 10, "ipv6"], // site-local
  ["ff00::", 8, "ipv6"], // multicast
];

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** A `lookup` option for sockets. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

export interface AddressGuard {
  /** Resolves a name and hands out only the addresses that may be used; `ERR_ADDRESS_REFUSED` when none is left. */
  readonly lookup: Lookup;
  /** Whether the socket may connect to this host: sockets skip `lookup` for a literal address. */
  readonly admitsLiteral: (host: string) => boolean;
}

class AddressRefusedError extends Error {
  readonly code = "ERR_ADDRESS_REFUSED";
}

export interface AddressGuardOptions {
  readonly allowPrivate: boolean;
  /** The name server, replaced in tests. */
  readonly resolve?: Lookup;
}

export function addressGuard({ allowPrivate, resolve = systemLookup as Lookup }: AddressGuardOptions): AddressGuard {
  // One list for each family: in a common one the v4-mapped range would match every v4 address.
  const refused = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, prefix, family] of REFUSED) refused[family].addSubnet(network, prefix, family);
  const admits = (address: string): boolean => {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    return allowPrivate || (isIP(address) !== 0 && !refused[family].check(address, family));
  };
  return {
    admitsLiteral: (host) => isIP(host) === 0 || admits(host),
    lookup: (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, answer) => {
        if (error !== null) return callback(error, []);
        const addresses = (Array.isArray(answer) ? answer : []).filter(({ address }) => admits(address));
        const [first] = addresses;
        if (first === undefined)
          return callback(new AddressRefusedError(`${hostname} resolves to no public address`), []);
        return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
      });
    },
  };
}
