// The Merkle tree of RFC 6962 §2.1 (the same as RFC 9162 §2.1), the checking half of proof/merkle.py.
// Indexes go up to 2^53 - 1, so they are halved by division: JavaScript's bit operators stop at 32 bits.

import { sha256 } from "@noble/hashes/sha2.js";
import { concat, EMPTY, same } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";

/** The hash of a tree without leaves (RFC 9162 §2.1.1). */
export const EMPTY_ROOT = sha256(EMPTY);

const MAX_PROOF = 64;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA-256(0x00 ‖ data) (RFC 9162 §2.1.1). */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, data));
}

/** SHA-256(0x01 ‖ left ‖ right) (RFC 9162 §2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right));
}

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/** The root that this proof leads to (RFC 9162 §2.1.3.2). Throws InvalidInput when its length does not fit. */
export function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array {
  if (index < 0 || index >= size) throw new InvalidInput(`leaf ${index} is not in a tree of ${size}`);
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of proof) {
    if (last === 0) {
      throw new InvalidInput(`inclusion proof too long: ${proof.length} nodes for leaf ${index} of ${size}`);
    }
    if (isOdd(node) || node === last) {
      root = nodeHash(sibling, root);
      while (!isOdd(node) && node) {
        node = half(node);
        last = half(last);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last) throw new InvalidInput(`inclusion proof too short: ${proof.length} nodes for leaf ${index} of ${size}`);
  return root;
}

/** Check that tree `first` is the beginning of tree `second` (RFC 9162 §2.1.4.2). Throws InvalidInput. */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  if (first > second) throw new InvalidInput(`the log shrank: from size ${first} to size ${second}`);
  if (first === 0 || first === second) {
    const expected = first === 0 ? EMPTY_ROOT : secondRoot;
    if (proof.length || !same(firstRoot, expected)) {
      throw new InvalidInput(`not the same log: the roots at size ${first} differ`);
    }
    return;
  }
  if (!proof.length || proof.length > MAX_PROOF) {
    throw new InvalidInput(`a consistency proof from ${first} to ${second} cannot have ${proof.length} nodes`);
  }
  const nodes = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : [...proof];
  const [old, grown] = rootsFromConsistency(first, second, nodes);
  if (!same(old, firstRoot) || !same(grown, secondRoot)) {
    throw new InvalidInput(`the log of size ${second} does not contain the log of size ${first}: roots differ`);
  }
}

function rootsFromConsistency(
  first: number,
  second: number,
  nodes: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] {
  let node = first - 1;
  let last = second - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  let old = nodes[0]!;
  let grown = old;
  for (const sibling of nodes.slice(1)) {
    if (last === 0) throw new InvalidInput("consistency proof too long");
    if (isOdd(node) || node === last) {
      old = nodeHash(sibling, old);
      grown = nodeHash(sibling, grown);
      while (!isOdd(node) && node) {
        node = half(node);
        last = half(last);
      }
    } else {
      grown = nodeHash(grown, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last) throw new InvalidInput("consistency proof too short");
  return [old, grown];
}

/** The root over these leaf hashes; EMPTY_ROOT for none. */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (!leaves.length) return EMPTY_ROOT;
  let level = [...leaves];
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at + 1 < level.length; at += 2) above.push(nodeHash(level[at]!, level[at + 1]!));
    // A node without a sibling moves up unchanged.
    if (level.length % 2) above.push(level[level.length - 1]!);
    level = above;
  }
  return level[0]!;
}
