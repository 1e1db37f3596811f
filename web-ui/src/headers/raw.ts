// The reader's own headers: a file of raw 80-byte headers, its work, links, times and difficulty checked.
//
// Below the first pin above the start the links alone bind the headers, so a file must reach that pin. From there on
// mainnet's 144-block rule holds; on testnet, whose coins are worth nothing, only work, links and times are checked.

import { same } from "../proof/bytes.ts";
import { InvalidInput } from "../proof/errors.ts";
import { bitsToTarget, type BlockHeader, hasWork, HEADER_SIZE, type HeaderView, parseHeader } from "../proof/headers.ts";
import { doubleSha256, hashHex } from "../proof/transaction.ts";
import { type Network, NETWORKS } from "./networks.ts";

const FIRST_OF_144_BLOCKS = 504_032;
// The rule looks back 144 blocks, and from there at the median of three.
const UNSETTLED = 148;
const SPACING = 600n;
const MOST = 1n << 256n;

/** A checked chain over raw bytes. */
export class RawHeaders implements HeaderView {
  readonly network: string;
  readonly start: number;
  private readonly raw: Uint8Array;

  constructor(network: string, start: number, raw: Uint8Array) {
    this.network = network;
    this.start = start;
    this.raw = raw;
  }

  get tipHeight(): number {
    return this.start + Math.floor(this.raw.length / HEADER_SIZE) - 1;
  }

  hashAt(height: number): Uint8Array | null {
    if (height < this.start || height > this.tipHeight) return null;
    const at = (height - this.start) * HEADER_SIZE;
    return doubleSha256(this.raw.slice(at, at + HEADER_SIZE));
  }
}

/** Check the headers of a file; their network shows in the first. Throws InvalidInput naming the header at fault. */
export function checkHeaders(raw: Uint8Array): RawHeaders {
  if (!raw.length || raw.length % HEADER_SIZE) {
    throw new InvalidInput(`expected raw headers of ${HEADER_SIZE} bytes each, got ${raw.length} bytes`);
  }
  const first = parseHeader(raw.slice(0, HEADER_SIZE));
  const [network, start] = startOf(first);
  const chain = new Chain(network, start);
  chain.add(first);
  for (let at = HEADER_SIZE; at < raw.length; at += HEADER_SIZE) {
    const header = parseHeader(raw.slice(at, at + HEADER_SIZE));
    chain.check(header);
    chain.add(header);
  }
  const bound = Math.min(...[...network.pins.keys()].filter((height) => height > start));
  if (chain.height < bound && bound !== Infinity) {
    throw new InvalidInput(`headers from ${start} on must reach block ${bound}, they end at ${chain.height}`);
  }
  return new RawHeaders(network.name, start, raw);
}

function startOf(first: BlockHeader): readonly [Network, number] {
  for (const network of NETWORKS.values()) {
    for (const height of [0, network.start]) {
      if (same(network.pins.get(height)!, first.hash)) return [network, height];
    }
  }
  throw new InvalidInput(`the headers begin with ${hashHex(first.hash)}, which is not a start of any known network`);
}

class Chain {
  private readonly network: Network;
  private readonly first: number;
  private last: Uint8Array | null = null;
  private readonly times: number[] = [];
  private readonly targets: bigint[] = [];
  private readonly work: bigint[] = [0n];

  constructor(network: Network, first: number) {
    this.network = network;
    this.first = first;
  }

  get height(): number {
    return this.first + this.times.length - 1;
  }

  add(header: BlockHeader): void {
    const target = bitsToTarget(header.bits);
    this.last = header.hash;
    this.times.push(header.time);
    this.targets.push(target);
    this.work.push(this.work[this.work.length - 1]! + MOST / (target + 1n));
  }

  /** Check that `header` may follow. Throws InvalidInput naming its height. */
  check(header: BlockHeader): void {
    const height = this.height + 1;
    const where = `block ${height} of ${this.network.name}`;
    if (!this.last || !same(header.prevHash, this.last)) {
      throw new InvalidInput(`${where} does not follow block ${height - 1}: its previous hash is another`);
    }
    const pin = this.network.pins.get(height);
    if (pin && !same(pin, header.hash)) {
      throw new InvalidInput(`${where} is ${hashHex(header.hash)}, expected ${hashHex(pin)}: another chain`);
    }
    if (!hasWork(header) || bitsToTarget(header.bits) > this.network.limit) {
      throw new InvalidInput(`${where} has not the work that it claims`);
    }
    const before = this.times.slice(-11).sort((a, b) => a - b);
    if (header.time <= before[Math.floor(before.length / 2)]!) {
      throw new InvalidInput(`${where} is not later than the median of the eleven before it`);
    }
    this.checkDifficulty(header, height, where);
  }

  private checkDifficulty(header: BlockHeader, height: number, where: string): void {
    const { difficulty, limit } = this.network;
    let required: bigint;
    if (difficulty === "constant") required = limit;
    else if (difficulty === "144 blocks" && height >= Math.max(FIRST_OF_144_BLOCKS, this.first + UNSETTLED + 1)) {
      required = this.targetOf144Blocks();
    } else return;
    if (bitsToTarget(header.bits) !== required) {
      throw new InvalidInput(`${where} has difficulty bits 0x${header.bits.toString(16)}, another is required`);
    }
  }

  /** The rule since November 2017: the work of 144 blocks, by the time that they took, between half and two days. */
  private targetOf144Blocks(): bigint {
    const tip = this.times.length - 1;
    const last = this.suitable(tip);
    const first = this.suitable(tip - 144);
    const took = BigInt(this.times[last]! - this.times[first]!);
    const span = took < 72n * SPACING ? 72n * SPACING : took > 288n * SPACING ? 288n * SPACING : took;
    const work = ((this.work[last + 1]! - this.work[first + 1]!) * SPACING) / span;
    const target = (MOST - work) / work;
    return target > this.network.limit ? this.network.limit : bitsToTarget(toBits(target));
  }

  /** Of three blocks in a row the one with the median time; of equal times the rule takes its own order. */
  private suitable(last: number): number {
    const blocks = [last - 2, last - 1, last];
    const order = (a: number, b: number): void => {
      if (this.times[blocks[a]!]! > this.times[blocks[b]!]!) [blocks[a], blocks[b]] = [blocks[b]!, blocks[a]!];
    };
    order(0, 2);
    order(0, 1);
    order(1, 2);
    return blocks[1]!;
  }
}

/** The compact form of a target, rounded down to what it can carry. */
function toBits(target: bigint): number {
  let size = Math.ceil(target.toString(16).length / 2);
  let mantissa = Number(size > 3 ? target >> BigInt(8 * (size - 3)) : target << BigInt(8 * (3 - size)));
  if (mantissa & 0x800000) {
    mantissa >>= 8;
    size++;
  }
  return ((size << 24) | mantissa) >>> 0;
}
