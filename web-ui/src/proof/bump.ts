// BUMP (BRC-74): the Merkle path from a transaction to its block's merkle root; the checking half of proof/bump.py.

import { concat, same } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";
import { doubleSha256, Reader } from "./transaction.ts";

const MAX_LEVELS = 32;
const DUPLICATE = 1;
const TXID = 2;

interface Node {
  readonly flag: number;
  readonly hash: Uint8Array | null;
}

// Offsets reach 2^32: beyond JavaScript's bit operators.
const sibling = (offset: number): number => (offset % 2 ? offset - 1 : offset + 1);
const half = (offset: number): number => Math.floor(offset / 2);

/** A block height and, for each level from the leaves up, offset → node. */
export class Bump {
  readonly height: bigint;
  readonly levels: readonly ReadonlyMap<number, Node>[];

  constructor(height: bigint, levels: readonly ReadonlyMap<number, Node>[]) {
    this.height = height;
    this.levels = levels;
  }

  /** The transaction's index in its block. Throws InvalidInput unless it is flagged as a txid. */
  offset(txid: Uint8Array): number {
    for (const [offset, node] of this.levels[0]!) {
      if (node.flag === TXID && node.hash && same(node.hash, txid)) return offset;
    }
    throw new InvalidInput("the BUMP does not flag this transaction");
  }

  /** The merkle root that the path of this transaction leads to. Throws InvalidInput when it lacks a node. */
  root(txid: Uint8Array): Uint8Array {
    let offset = this.offset(txid);
    let value = txid;
    for (const [number, level] of this.levels.entries()) {
      const beside = level.get(sibling(offset));
      if (!beside) {
        // The only transaction of its block is the root itself.
        if (number === 0 && this.levels.length === 1 && offset === 0) return value;
        throw new InvalidInput(`the BUMP lacks node ${sibling(offset)} of level ${number}`);
      }
      const isRight = offset % 2 === 1;
      let node = beside.hash;
      if (beside.flag === DUPLICATE) {
        if (isRight) throw new InvalidInput(`the BUMP duplicates a left node at level ${number}`);
        node = value;
      } else if (node && same(node, value) && !isRight) {
        // CVE-2012-2459: an equal right node must be written as a duplicate.
        throw new InvalidInput(`the BUMP repeats a node at level ${number} without saying duplicate`);
      }
      value = doubleSha256(isRight ? concat(node!, value) : concat(value, node!));
      offset = half(offset);
    }
    return value;
  }

  /** Throws InvalidInput unless the BUMP holds this transaction's path and nothing more. */
  requireSingle(txid: Uint8Array): void {
    let offset = this.offset(txid);
    for (const [number, level] of this.levels.entries()) {
      const needed = number ? [sibling(offset)] : [offset, sibling(offset)];
      const extra = [...level.keys()].find((at) => !needed.includes(at));
      if (extra !== undefined) {
        throw new InvalidInput(
          `the BUMP holds node ${extra} of level ${number}, which the proof does not need`,
        );
      }
      const flagged = [...level].filter(([, node]) => node.flag === TXID).map(([at]) => at);
      const expected = number === 0 ? [offset] : [];
      if (flagged.length !== expected.length || flagged[0] !== expected[0]) {
        throw new InvalidInput(`the BUMP flags another transaction at level ${number}`);
      }
      offset = half(offset);
    }
  }
}

/** Read a BUMP (BRC-74). Throws InvalidInput naming what is wrong. */
export function parseBump(raw: Uint8Array): Bump {
  const reader = new Reader(raw, "the BUMP");
  const height = reader.varint();
  const count = reader.integer(1);
  if (count < 1 || count > MAX_LEVELS) {
    throw new InvalidInput(`a BUMP has 1 to ${MAX_LEVELS} levels, got ${count}`);
  }
  const levels: Map<number, Node>[] = [];
  for (let number = 0; number < count; number++) levels.push(readLevel(reader, number, 2 ** (count - number)));
  reader.end();
  return new Bump(height, levels);
}

function readLevel(reader: Reader, number: number, width: number): Map<number, Node> {
  const level = new Map<number, Node>();
  let last = -1n;
  for (let left = reader.count(2); left; left--) {
    const offset = reader.varint();
    const flag = reader.integer(1);
    if (offset <= last || offset >= width) {
      throw new InvalidInput(`offset ${offset} at level ${number} of the BUMP is out of order or range`);
    }
    if (flag > TXID) throw new InvalidInput(`unknown flag ${flag} at level ${number} of the BUMP`);
    level.set(Number(offset), { flag, hash: flag === DUPLICATE ? null : reader.take(32) });
    last = offset;
  }
  return level;
}
