// The steps that everything anchored shares, the mirror of proof/anchored.py: from the log's entries to a block of the
// verifier's headers.
//
//     4. Log         each entry relied on is included at the checkpoint
//     5. Checkpoint  the signed note verifies under the key that the log's name tells
//     6. Anchor      the transaction carries that checkpoint and spends a seal
//     7. Block       the transaction is in the block, by its BUMP
//     8. Header      the block is in the best chain, by headers that the operator does not hold

import { anchoredCheckpoint, genesisKey } from "./anchor.ts";
import { parseBump } from "./bump.ts";
import type { Placed } from "./bundle.ts";
import { hex, same } from "./bytes.ts";
import { entryLeaf, type SeenBlock } from "./capture.ts";
import { type Checkpoint, parseNote } from "./checkpoint.ts";
import { FirsthandError, InvalidInput, NotChecked } from "./errors.ts";
import { type HeaderView, parseHeader } from "./headers.ts";
import { rootFromInclusion } from "./merkle.ts";
import { hashHex, outpointText, parseTransaction } from "./transaction.ts";

export const ANCHORED_STEPS = ["log", "checkpoint", "anchor", "block", "header"] as const;

export type Outcome = "passed" | "failed" | "not checked";

/** One step, or one further assurance: what was found, or why it failed. */
export interface Step {
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** What shows a log's checkpoint to be in a block; transactions, header and BUMP are raw bytes. */
export interface Anchorage {
  readonly checkpoint: Uint8Array;
  readonly genesis: Uint8Array;
  readonly anchor: Uint8Array;
  readonly header: Uint8Array;
  readonly bump: Uint8Array;
}

/** What a verification found. Heights and depth count blocks; `depth` 1 is the tip itself. */
export class AnchoredReport {
  readonly place: number;
  /** The names of all steps, in order. */
  readonly names: readonly string[];
  readonly steps: Step[] = [];
  readonly further: Step[] = [];
  network = "";
  log = "";
  blockHeight: number | null = null;
  blockTime: number | null = null;
  depth: number | null = null;
  /** Header services contradict each other: see step 8. */
  alarm = false;

  constructor(names: readonly string[], place: number) {
    this.names = names;
    this.place = place;
  }

  /** Whether all steps were taken, however they ended. */
  get done(): boolean {
    return this.steps.length === this.names.length;
  }

  /** Whether all steps passed. */
  protected get passed(): boolean {
    return this.done && this.steps.every((step) => step.outcome === "passed");
  }
}

/** Header services tell different blocks for one height. */
export class HeadersDisagree extends InvalidInput {}

/** What is reported beside the verdict needs more files than the bundle. */
export interface Further {
  /** The log's seals file. */
  readonly seals?: Uint8Array | undefined;
  /** A signed checkpoint of the log that was seen earlier. */
  readonly since?: Uint8Array | undefined;
}

/** The steps over one line of a bundle file: seven that need only the line, then the one that needs headers. */
export abstract class AnchoredVerification<R extends AnchoredReport = AnchoredReport> {
  readonly anchorage: Anchorage;
  readonly report: R;
  protected height: bigint | null = null;
  private readonly entries: readonly Placed[];
  private noted: Checkpoint | null = null;

  constructor(anchorage: Anchorage, entries: readonly Placed[], report: R) {
    this.anchorage = anchorage;
    this.entries = entries;
    this.report = report;
  }

  /** Steps 1 to 3. */
  protected abstract first(): readonly (() => string)[];

  /** The further block that the line names, of what its signer had seen. Throws InvalidInput when it cannot be read. */
  seen(): SeenBlock | null {
    return null;
  }

  /** Steps 1 to 7. */
  checkLine(): void {
    const steps = [
      ...this.first(),
      () => this.log(),
      () => this.checkpoint(),
      () => this.anchor(),
      () => this.block(),
    ];
    for (const [at, step] of steps.entries()) this.report.steps.push(this.attempt(this.report.names[at]!, step));
  }

  /** Step 8, and what stands beside the verdict. */
  checkHeader(headers: HeaderView | null, _further: Further = {}): void {
    this.report.steps.push(this.attempt("header", () => this.header(headers)));
  }

  /** Run one step; what goes wrong with it is what it reports. */
  protected attempt(name: string, step: () => string): Step {
    try {
      return { name, outcome: "passed", detail: step() };
    } catch (error) {
      if (!(error instanceof FirsthandError)) throw error;
      if (error instanceof HeadersDisagree) this.report.alarm = true;
      return { name, outcome: error instanceof NotChecked ? "not checked" : "failed", detail: error.message };
    }
  }

  // 4. Log: the entries are included at the checkpoint's size and root.
  private log(): string {
    const checkpoint = parseNote(this.anchorage.checkpoint).checkpoint;
    this.noted = checkpoint;
    this.report.network = checkpoint.network;
    this.report.log = checkpoint.shortName;
    for (const entry of this.entries) {
      const root = rootFromInclusion(entryLeaf(entry.document), entry.place, checkpoint.size, entry.path);
      if (!same(root, checkpoint.root)) {
        throw new InvalidInput(
          `the entry at place ${entry.place} leads to root ${hex(root)}, the checkpoint names ${hex(checkpoint.root)}`,
        );
      }
    }
    return `place ${this.report.place} of ${checkpoint.size} in log ${checkpoint.shortName}`;
  }

  // 5. Checkpoint: signed by the key in the genesis transaction, whose ID is the log's name.
  private checkpoint(): string {
    const checkpoint = this.needCheckpoint();
    const genesis = parseTransaction(this.anchorage.genesis);
    if (!same(genesis.txid, checkpoint.genesis)) {
      throw new InvalidInput(
        `the log is named ${checkpoint.origin}, the genesis transaction is ${hashHex(genesis.txid)}`,
      );
    }
    parseNote(this.anchorage.checkpoint).check(genesisKey(genesis));
    return `signed by log ${checkpoint.origin}`;
  }

  // 6. Anchor: the transaction carries this very checkpoint and spends a seal.
  private anchor(): string {
    const checkpoint = this.needCheckpoint();
    const transaction = parseTransaction(this.anchorage.anchor);
    const [carried, seal] = anchoredCheckpoint(transaction);
    if (!carried.equals(checkpoint)) {
      throw new InvalidInput(
        `the anchor carries size ${carried.size}, root ${hex(carried.root)} of ${carried.origin}; ` +
          `expected size ${checkpoint.size}, root ${hex(checkpoint.root)} of ${checkpoint.origin}`,
      );
    }
    return `transaction ${hashHex(transaction.txid)} spends seal ${outpointText(seal)}`;
  }

  // 7. Block: the transaction's BUMP leads to the header's merkle root.
  private block(): string {
    const bump = parseBump(this.anchorage.bump);
    const header = parseHeader(this.anchorage.header);
    const { txid } = parseTransaction(this.anchorage.anchor);
    bump.requireSingle(txid);
    const root = bump.root(txid);
    if (!same(root, header.merkleRoot)) {
      throw new InvalidInput(`the BUMP leads to root ${hashHex(root)}, the header has ${hashHex(header.merkleRoot)}`);
    }
    this.height = bump.height;
    this.report.blockHeight = Number(bump.height);
    this.report.blockTime = header.time;
    return `in block ${hashHex(header.hash)}`;
  }

  // 8. Header: in the best chain of the verifier's headers, of the log's network.
  private header(headers: HeaderView | null): string {
    const checkpoint = this.needCheckpoint();
    if (!headers) {
      throw new NotChecked(`no headers of ${checkpoint.network} were given; see verify --headers`);
    }
    if (headers.network !== checkpoint.network) {
      throw new InvalidInput(`the log is on ${checkpoint.network}, the headers are of ${headers.network}`);
    }
    if (this.height === null) throw new NotChecked("no block is proven");
    const header = parseHeader(this.anchorage.header);
    const block = header.hash;
    headers.checkWork?.(header);
    const best = headers.hashAt(Number(this.height));
    if (!best) {
      throw new InvalidInput(`block ${this.height} is above the headers' tip at ${headers.tipHeight}`);
    }
    if (!same(best, block)) {
      throw new InvalidInput(`block ${this.height} of the best chain is ${hashHex(best)}, not ${hashHex(block)}`);
    }
    headers.confirm?.(Number(this.height));
    const depth = headers.tipHeight - Number(this.height) + 1;
    this.report.depth = depth;
    const found = `height ${this.height} of ${checkpoint.network}, ${depth} deep`;
    return headers.source ? `${found}, ${headers.source}` : found;
  }

  protected needCheckpoint(): Checkpoint {
    if (!this.noted) throw new NotChecked("the checkpoint cannot be read");
    return this.noted;
  }
}
