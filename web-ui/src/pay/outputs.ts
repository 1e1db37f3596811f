// Whose an output is, checked by this device before any wallet is asked (docs/spec.md §11): the key under it must be the
// identity key that the maker signed for, plus the offset times G. The offset opens nothing without the maker's own key.

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, hex, utf8 } from "../proof/bytes.ts";
import { type JsonObject } from "../proof/canonical.ts";
import { verifyProof } from "../proof/data_integrity.ts";
import { InvalidInput } from "../proof/errors.ts";
import { get, isObject, member } from "../proof/fields.ts";

/** An output of a quote; `maker` is there where the maker shows what they get. */
export interface Output {
  readonly satoshis: number;
  readonly lockingScript: string;
  readonly kind: string;
  readonly maker: Maker | null;
}

export interface Maker {
  readonly uri: string;
  readonly name: string;
  readonly identityKey: string;
  readonly offset: string;
  readonly statement: JsonObject;
  readonly disclosure: string;
}

/** How many outputs are shown to be their makers'. Throws InvalidInput for one that is not, or a wrong sum. */
export function checkOutputs(outputs: readonly Output[], satoshis: number): number {
  const sum = outputs.reduce((total, one) => total + one.satoshis, 0);
  if (sum !== satoshis) throw new InvalidInput(`the outputs come to ${sum}, not to ${satoshis}`, "$.outputs");
  let shown = 0;
  outputs.forEach((one, at) => {
    if (one.maker === null) return;
    checkMaker(one, one.maker, `$.outputs[${at}]`);
    shown += 1;
  });
  return shown;
}

function checkMaker(output: Output, maker: Maker, path: string): void {
  const point = secp256k1.Point.fromHex(maker.identityKey);
  const added = secp256k1.Point.BASE.multiply(secp256k1.Point.Fn.fromBytes(fromHex(maker.offset)));
  const key = point.add(added).toBytes(true);
  const script = `76a914${hex(ripemd160(sha256(key)))}88ac`;
  if (script !== output.lockingScript) throw new InvalidInput("pays another key than the maker's", path);
  verifyProof(maker.statement);
  const issuer = member(maker.statement, "issuer", "a string", path);
  const party = member(maker.statement, "party", "a string", path);
  if (party !== maker.uri || issuer !== maker.uri) throw new InvalidInput("the maker has not signed this payout", path);
  const digest = btoa(String.fromCharCode(...sha256(utf8(maker.disclosure))));
  if (get(maker.statement, "payout") !== digest) throw new InvalidInput("the payout is another than was signed", path);
  const disclosed: unknown = JSON.parse(
    new TextDecoder().decode(
      Uint8Array.from(atob(maker.disclosure.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0)),
    ),
  );
  const value = Array.isArray(disclosed) && disclosed[1] === "payout" ? disclosed[2] : null;
  if (!isObject(value) || value["identity_key"] !== maker.identityKey) {
    throw new InvalidInput("the payout names another identity key", path);
  }
}
