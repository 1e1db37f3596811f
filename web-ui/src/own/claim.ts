// Signing a token away on this device (docs/spec.md §9.2, ADR 8), the mirror of chain/signing.py's `sign_single`: SINGLE |
// ANYONECANPAY binds output 0 alone, so that whoever pays the fee adds to the transaction and cannot send the token elsewhere.

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromHex, reversed } from "../proof/bytes.ts";
import { fromBase58 } from "../proof/did_key.ts";
import { InvalidInput } from "../proof/errors.ts";

const SIGHASH = 0xc3;

/** Where a token lies: `TXID:VOUT`, and the script that locks it, in hex. */
export interface Place {
  readonly outpoint: string;
  readonly script: string;
  readonly satoshis: number;
}

function twice(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

function little(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** at) % 256);
}

function varint(value: number): Uint8Array {
  return value < 0xfd ? little(value, 1) : concat(Uint8Array.of(0xfd), little(value, 2));
}

/** RIPEMD-160 of SHA-256 of the key's public key: who holds what it unlocks. */
export function keyHash(secret: Uint8Array): Uint8Array {
  return ripemd160(sha256(secp256k1.getPublicKey(secret, true)));
}

/** The P2PKH script of a key hash. */
export function p2pkh(hash: Uint8Array): Uint8Array {
  return concat(fromHex("76a914"), hash, fromHex("88ac"));
}

/** The key hash of an address of the network with this version byte. Throws InvalidInput. */
export function addressHash(address: string, version: number): Uint8Array {
  let data: Uint8Array;
  try {
    data = fromBase58(`z${address.trim()}`);
  } catch {
    throw new InvalidInput("not an address", "$");
  }
  const payload = data.slice(0, 21);
  const sum = twice(payload).slice(0, 4);
  if (data.length !== 25 || sum.some((byte, at) => byte !== data[21 + at])) {
    throw new InvalidInput("not an address: its checksum does not fit", "$");
  }
  if (payload[0] !== version) throw new InvalidInput("an address of another network", "$");
  return payload.slice(1);
}

/** The unlocking script that gives this coin to whoever `hash` is, one satoshi in output 0. */
export function signSingle(place: Place, hash: Uint8Array, secret: Uint8Array): Uint8Array {
  const [txid, vout] = place.outpoint.split(":") as [string, string];
  const locked = fromHex(place.script);
  const to = p2pkh(hash);
  const output = concat(little(1, 8), varint(to.length), to);
  const message = concat(
    little(1, 4),
    new Uint8Array(64), // BIP-143: no outpoints and no sequences of others
    reversed(fromHex(txid)),
    little(Number(vout), 4),
    varint(locked.length),
    locked,
    little(place.satoshis, 8),
    fromHex("ffffffff"),
    twice(output),
    little(0, 4),
    little(SIGHASH, 4),
  );
  const signature = secp256k1.sign(twice(message), secret, { prehash: false, format: "der" });
  const key = secp256k1.getPublicKey(secret, true);
  return concat(little(signature.length + 1, 1), signature, Uint8Array.of(SIGHASH, key.length), key);
}
