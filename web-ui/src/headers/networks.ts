// The networks: where a headers file may begin, how much work a header needs at least, and which services are asked.
// The pins and starts are those of chain/networks.py; a test compares them.

import { fromHex, reversed } from "../proof/bytes.ts";
import { bitsToTarget } from "../proof/headers.ts";
import data from "./networks.json";

/** How a header service is spoken to; see dialects.ts. */
export type DialectName = "whatsonchain" | "bitails" | "chaintracks" | "chaintracks-service" | "block-headers-service";

/** A header service that is asked. Without a dialect it is found out. */
export interface ServiceChoice {
  readonly url: string;
  readonly name?: string;
  readonly dialect?: DialectName;
}

export interface Network {
  readonly name: string;
  /** The height at which a headers file may begin, besides the genesis block. */
  readonly start: number;
  /** Hashes, in internal order, of blocks that the best chain must contain. */
  readonly pins: ReadonlyMap<number, Uint8Array>;
  /** No header's target may be above this. */
  readonly limit: bigint;
  /** Told by services alone, a header's target must be at or below this. */
  readonly floor: bigint;
  /** Which difficulty rule a headers file is held to. */
  readonly difficulty: "144 blocks" | "constant" | "unchecked";
  /** How many independent services must agree. */
  readonly quorum: number;
  readonly services: readonly ServiceChoice[];
}

export const NETWORKS: ReadonlyMap<string, Network> = new Map(
  Object.entries(data).map(([name, network]) => [
    name,
    {
      name,
      start: network.start,
      pins: new Map(Object.entries(network.pins).map(([height, hash]) => [Number(height), reversed(fromHex(hash))])),
      limit: bitsToTarget(parseInt(network.limitBits, 16)),
      floor: bitsToTarget(parseInt(network.floorBits, 16)),
      difficulty: network.difficulty as Network["difficulty"],
      quorum: network.quorum,
      services: network.services as readonly ServiceChoice[],
    },
  ]),
);
