// What Firsthand writes on chain, read back: genesis, anchors, and the chain of seals; the mirror of proof/anchor.py.

import { fromUtf8, same, utf8 } from "./bytes.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { type Checkpoint, parseBody } from "./checkpoint.ts";
import { PublicKey } from "./did_key.ts";
import { InvalidInput, UnreadableInput } from "./errors.ts";
import { fromBase64, isObject, onlyMembers } from "./fields.ts";
import { verifyConsistency } from "./merkle.ts";
import {
  dataPushes,
  type Outpoint,
  outpointText,
  parseTransaction,
  sameOutpoint,
  type Transaction,
} from "./transaction.ts";

const PREFIX = utf8("firsthand");
const GENESIS = Uint8Array.of(0);
const ANCHOR = Uint8Array.of(1);
const ED25519 = 1;
const SEAL_VOUT = 1;

/** One anchor of a seals file: its transaction and the consistency proof from the anchor before it. */
export interface Seal {
  readonly transaction: Uint8Array;
  readonly consistency: readonly Uint8Array[];
}

/** The log's public key, from its genesis transaction. Throws InvalidInput when it is not one. */
export function genesisKey(transaction: Transaction): PublicKey {
  const key = pushed(transaction, GENESIS, "genesis");
  if (key.length !== 33 || key[0] !== ED25519) {
    throw new InvalidInput("the genesis transaction does not carry an Ed25519 public key");
  }
  return new PublicKey("Ed25519", key.slice(1));
}

/** The checkpoint that an anchor carries and the seal that it spends. Throws InvalidInput. */
export function anchoredCheckpoint(transaction: Transaction): readonly [Checkpoint, Outpoint] {
  const body = pushed(transaction, ANCHOR, "anchor");
  const seal = transaction.inputs[0]!;
  if (seal.vout !== SEAL_VOUT) {
    throw new InvalidInput(`the anchor's first input spends output ${seal.vout}; a seal is output ${SEAL_VOUT}`);
  }
  return [parseBody(body), seal];
}

/** Walk from the genesis transaction along the seals: each anchor's ID and checkpoint in turn. */
export function walkSeals(genesis: Uint8Array, seals: readonly Seal[]): readonly (readonly [Uint8Array, Checkpoint])[] {
  const first = parseTransaction(genesis);
  genesisKey(first);
  const walked: (readonly [Uint8Array, Checkpoint])[] = [];
  let expected: Outpoint = { txid: first.txid, vout: SEAL_VOUT };
  let before: Checkpoint | null = null;
  for (const [index, seal] of seals.entries()) {
    const transaction = parseTransaction(seal.transaction);
    const [checkpoint, spent] = anchoredCheckpoint(transaction);
    if (!sameOutpoint(spent, expected)) {
      throw new InvalidInput(
        `anchor ${index + 1} spends ${outpointText(spent)}, expected the seal ${outpointText(expected)}`,
      );
    }
    if (!same(checkpoint.genesis, first.txid)) {
      throw new InvalidInput(`anchor ${index + 1} is of another log: ${checkpoint.origin}`);
    }
    if (before) {
      verifyConsistency(before.size, checkpoint.size, before.root, checkpoint.root, seal.consistency);
    } else if (seal.consistency.length) {
      throw new InvalidInput("the first anchor has nothing to be consistent with");
    }
    walked.push([transaction.txid, checkpoint]);
    expected = { txid: transaction.txid, vout: SEAL_VOUT };
    before = checkpoint;
  }
  return walked;
}

/** The genesis transaction and the anchors of a seals file. Throws UnreadableInput with the line. */
export function readSeals(data: Uint8Array): readonly [Uint8Array, readonly Seal[]] {
  const lines = splitLines(data);
  if (!lines.length) throw new UnreadableInput("the seals file is empty");
  const genesis = fromBase64(lineObject(lines[0]!, 1, ["genesis"]), "genesis", "line 1");
  const seals = lines.slice(1).map((line, index) => {
    const path = `line ${index + 2}`;
    const document = lineObject(line, index + 2, ["anchor", "consistency"]);
    const nodes = fromBase64(document, "consistency", path);
    if (nodes.length % 32) throw new UnreadableInput("expected nodes of 32 bytes", `${path}.consistency`);
    const consistency: Uint8Array[] = [];
    for (let start = 0; start < nodes.length; start += 32) consistency.push(nodes.slice(start, start + 32));
    return { transaction: fromBase64(document, "anchor", path), consistency };
  });
  return [genesis, seals];
}

function splitLines(data: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < data.length; at++) {
    if (data[at] !== 0x0a && data[at] !== 0x0d) continue;
    lines.push(data.slice(start, at));
    if (data[at] === 0x0d && data[at + 1] === 0x0a) at++;
    start = at + 1;
  }
  if (start < data.length) lines.push(data.slice(start));
  return lines;
}

function lineObject(line: Uint8Array, number: number, members: readonly string[]): JsonObject {
  let document: Json = null;
  try {
    document = JSON.parse(fromUtf8(line)) as Json;
  } catch {
    // Told below, as whatever else is no object of strings.
  }
  if (!isObject(document) || Object.values(document).some((value) => typeof value !== "string")) {
    throw new UnreadableInput("not a line of a seals file: expected an object of strings", `line ${number}`);
  }
  onlyMembers(document, members, `line ${number}`);
  return document;
}

function pushed(transaction: Transaction, kind: Uint8Array, name: string): Uint8Array {
  const pushes = dataPushes(transaction.outputs[0]!.script);
  if (pushes?.length !== 3 || !same(pushes[0]!, PREFIX) || !same(pushes[1]!, kind)) {
    throw new InvalidInput(`the first output is not that of a Firsthand ${name} transaction`);
  }
  return pushes[2]!;
}
