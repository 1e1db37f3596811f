// Bitcoin transactions as bytes, read strictly; the checking half of proof/transaction.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromLittleEndian, hex, reversed, same } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";

const MAX_SATOSHIS = 21_000_000n * 100_000_000n;

/** Output `vout` of transaction `txid`, which is in internal order. */
export interface Outpoint {
  readonly txid: Uint8Array;
  readonly vout: number;
}

export interface TxOutput {
  readonly satoshis: bigint;
  readonly script: Uint8Array;
}

/** A transaction: what its inputs spend, its outputs, and its ID in internal order. */
export interface Transaction {
  readonly inputs: readonly Outpoint[];
  readonly outputs: readonly TxOutput[];
  readonly txid: Uint8Array;
}

/** Bytes read from the front, each read bounded by what is left. */
export class Reader {
  readonly data: Uint8Array;
  readonly what: string;
  at = 0;

  constructor(data: Uint8Array, what: string) {
    this.data = data;
    this.what = what;
  }

  /** The next `count` bytes. Throws InvalidInput when there are fewer. */
  take(count: number | bigint): Uint8Array {
    if (BigInt(this.at) + BigInt(count) > BigInt(this.data.length)) {
      throw new InvalidInput(
        `${this.what} ends at byte ${this.data.length}, expected ${count} more from ${this.at} on`,
      );
    }
    const start = this.at;
    this.at += Number(count);
    return this.data.slice(start, this.at);
  }

  /** A little-endian unsigned integer of up to 4 bytes. */
  integer(size: number): number {
    return Number(fromLittleEndian(this.take(size)));
  }

  /** A little-endian unsigned integer of 8 bytes. */
  long(): bigint {
    return fromLittleEndian(this.take(8));
  }

  /** A Bitcoin variable-length integer in its shortest form. */
  varint(): bigint {
    const first = this.integer(1);
    if (first < 0xfd) return BigInt(first);
    const size = 2 << (first - 0xfd);
    const value = fromLittleEndian(this.take(size));
    if (value < [0xfdn, 1n << 16n, 1n << 32n][first - 0xfd]!) {
      throw new InvalidInput(
        `${this.what} has a varint at byte ${this.at - size - 1} that is not in shortest form`,
      );
    }
    return value;
  }

  /** A varint that counts things of at least `smallest` bytes each, bounded by the bytes left. */
  count(smallest: number): number {
    const value = this.varint();
    if (value * BigInt(smallest) > BigInt(this.data.length - this.at)) {
      throw new InvalidInput(
        `${this.what} announces ${value} items at byte ${this.at}, more than its bytes can hold`,
      );
    }
    return Number(value);
  }

  /** Throws InvalidInput when bytes are left. */
  end(): void {
    if (this.at !== this.data.length) {
      throw new InvalidInput(
        `${this.what} has ${this.data.length - this.at} bytes too many from byte ${this.at} on`,
      );
    }
  }
}

/** SHA-256 of SHA-256. */
export function doubleSha256(data: Uint8Array): Uint8Array {
  return sha256(sha256(data));
}

/** A hash as Bitcoin shows it: hex of the reversed bytes. */
export function hashHex(value: Uint8Array): string {
  return hex(reversed(value));
}

export function outpointText(outpoint: Outpoint): string {
  return `${hashHex(outpoint.txid)}:${outpoint.vout}`;
}

export function sameOutpoint(a: Outpoint, b: Outpoint): boolean {
  return a.vout === b.vout && same(a.txid, b.txid);
}

/** Read a raw transaction. Throws InvalidInput naming the byte. */
export function parseTransaction(raw: Uint8Array): Transaction {
  if (raw.length === 64) {
    throw new InvalidInput("a transaction of exactly 64 bytes could be a node of a Merkle tree: refused");
  }
  const reader = new Reader(raw, "the transaction");
  reader.integer(4);
  const inputs: Outpoint[] = [];
  for (let left = reader.count(41); left; left--) {
    inputs.push({ txid: reader.take(32), vout: reader.integer(4) });
    reader.take(reader.varint());
    reader.integer(4);
  }
  const outputs: TxOutput[] = [];
  for (let left = reader.count(9); left; left--) {
    const satoshis = reader.long();
    outputs.push({ satoshis, script: reader.take(reader.varint()) });
  }
  reader.integer(4);
  if (!inputs.length || !outputs.length) {
    throw new InvalidInput("a transaction has at least one input and one output");
  }
  if (outputs.reduce((sum, output) => sum + output.satoshis, 0n) > MAX_SATOSHIS) {
    throw new InvalidInput("the outputs hold more satoshis than exist");
  }
  reader.end();
  return { inputs, outputs, txid: doubleSha256(raw) };
}

/** `OP_FALSE OP_RETURN` and each push in its shortest direct form (no OP_1 … OP_16). */
export function dataScript(pushes: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x00, 0x6a)];
  for (const push of pushes) {
    const size = push.length;
    if (size <= 75) parts.push(Uint8Array.of(size));
    else if (size < 1 << 8) parts.push(Uint8Array.of(0x4c, size));
    else if (size < 1 << 16) parts.push(Uint8Array.of(0x4d, size & 255, size >> 8));
    else parts.push(Uint8Array.of(0x4e, size & 255, (size >> 8) & 255, (size >> 16) & 255, size >>> 24));
    parts.push(push);
  }
  return concat(...parts);
}

/** The pushes of a data script, or null when it is none or not in the form of `dataScript`. */
export function dataPushes(script: Uint8Array): readonly Uint8Array[] | null {
  if (script[0] !== 0x00 || script[1] !== 0x6a) return null;
  const pushes: Uint8Array[] = [];
  let at = 2;
  while (at < script.length) {
    const opcode = script[at]!;
    const width = opcode === 0x4c ? 1 : opcode === 0x4d ? 2 : opcode === 0x4e ? 4 : 0;
    if (opcode > 75 && !width) return null;
    const size = width ? Number(fromLittleEndian(script.slice(at + 1, at + 1 + width))) : opcode;
    at += 1 + width;
    pushes.push(script.slice(at, at + size));
    at += size;
  }
  return same(dataScript(pushes), script) ? pushes : null;
}
