// Block headers: 80 bytes, their work, and what a verifier asks of its headers; the mirror of proof/headers.py.

import { fromLittleEndian } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";
import { doubleSha256 } from "./transaction.ts";

export const HEADER_SIZE = 80;

/** A block header; hashes in internal order, `time` in seconds since 1970, `bits` the compact target. */
export interface BlockHeader {
  readonly prevHash: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly time: number;
  readonly bits: number;
  readonly hash: Uint8Array;
  readonly raw: Uint8Array;
}

/** What a verifier believes about the best chain: its own headers, or what header services agree on. */
export interface HeaderView {
  /** mainnet, testnet, regtest or sandbox. */
  readonly network: string;
  /** The height of the best chain's last block. */
  readonly tipHeight: number;
  /** The hash of the best chain's block at that height, or null where there is none. */
  hashAt(height: number): Uint8Array | null;
  /** Throws NotChecked when too few have confirmed that block. A verifier's own headers need no one. */
  confirm?(height: number): void;
  /** Throws InvalidInput when the header itself has too little work to be believed. */
  checkWork?(header: BlockHeader): void;
  /** Who says so, for the report. */
  readonly source?: string;
}

/** Read a header. Throws InvalidInput unless it has 80 bytes. */
export function parseHeader(raw: Uint8Array): BlockHeader {
  if (raw.length !== HEADER_SIZE) {
    throw new InvalidInput(`a block header has ${HEADER_SIZE} bytes, got ${raw.length}`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return {
    prevHash: raw.slice(4, 36),
    merkleRoot: raw.slice(36, 68),
    time: view.getUint32(68, true),
    bits: view.getUint32(72, true),
    hash: doubleSha256(raw),
    raw,
  };
}

/** The target of a compact form: mantissa × 256^(exponent − 3). Throws InvalidInput for one no header has. */
export function bitsToTarget(bits: number): bigint {
  const exponent = bits >>> 24;
  const mantissa = BigInt(bits & 0x7fffff);
  if (bits & 0x800000 || exponent > 32) {
    throw new InvalidInput(`0x${bits.toString(16).padStart(8, "0")} is no difficulty target`);
  }
  return exponent >= 3 ? mantissa << BigInt(8 * (exponent - 3)) : mantissa >> BigInt(8 * (3 - exponent));
}

/** Whether a header's hash is at or below the target that its bits name. */
export function hasWork(header: BlockHeader): boolean {
  return fromLittleEndian(header.hash) <= bitsToTarget(header.bits);
}
