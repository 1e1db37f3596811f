// Verify one proof bundle: bytes in, report out. The mirror of proof/verify.py: the same eight steps, outcomes, words.
//
//     1. Event       the event's leaf hash, from its canonical JSON; disclosed sealed fields match their digests
//     2. Capture     the leaf is included under the capture's root
//     3. Signature   the capture's proof verifies, and its key speaks for the issuer at this place
//     4. Log         the capture, and each statement relied on, is included at the checkpoint
//     5. Checkpoint  the signed note verifies under the key that the log's name tells
//     6. Anchor      the transaction carries that checkpoint and spends a seal
//     7. Block       the transaction is in the block, by its BUMP
//     8. Header      the block is in the best chain, by headers that the operator does not hold
//
// A bundle is valid only if all eight pass. Steps 4 to 8 are shared with certificates (anchored.ts).

import { genesisKey, readSeals, walkSeals } from "./anchor.ts";
import { ANCHORED_STEPS, AnchoredReport, AnchoredVerification, type Further } from "./anchored.ts";
import { type Bundle, parseBundle } from "./bundle.ts";
import { hex, same } from "./bytes.ts";
import type { JsonObject } from "./canonical.ts";
import { entryLeaf, type Manifest, parseManifest, type SeenBlock } from "./capture.ts";
import { type Checkpoint, parseNote } from "./checkpoint.ts";
import { checkConfirmation, type Confirmation, ON_BEHALF_OF, parseConfirmation } from "./confirmation.ts";
import { verifyProof } from "./data_integrity.ts";
import { type Opened, openEvent } from "./disclosure.ts";
import { InvalidInput, NotChecked } from "./errors.ts";
import { get } from "./fields.ts";
import type { HeaderView } from "./headers.ts";
import { rootFromInclusion } from "./merkle.ts";
import { type Party, PartyHistory } from "./parties.ts";
import { hashHex, parseTransaction } from "./transaction.ts";

export const STEPS = ["event", "capture", "signature", ...ANCHORED_STEPS] as const;

/** What the verification of a bundle found; `key` is the did:key that signed the capture. */
export class Report extends AnchoredReport {
  readonly event: JsonObject;
  /** The event with the values of sealed fields that the bundle discloses; null where step 1 failed. */
  opened: Opened | null = null;
  manifest: Manifest | null = null;
  party: Party | null = null;
  key = "";
  readonly confirmations: (readonly [Confirmation, Party])[] = [];

  constructor(event: JsonObject, place: number) {
    super(STEPS, place);
    this.event = event;
  }

  /** For whom the issuer says that it recorded the event; null when for itself. */
  get onBehalfOf(): string | null {
    const found = get(this.event, ON_BEHALF_OF);
    return typeof found === "string" ? found : null;
  }

  /** Whether all eight steps passed. */
  get valid(): boolean {
    return this.passed;
  }
}

/** Run the eight steps over one line of a bundle file; without headers step 8 is not checked. */
export function verify(line: Uint8Array, headers: HeaderView | null, further: Further = {}): Report {
  const run = new Verification(parseBundle(line));
  run.checkLine();
  run.checkHeader(headers, further);
  return run.report;
}

/** The steps over one bundle; each leaves behind what later ones need. */
export class Verification extends AnchoredVerification<Report> {
  private readonly bundle: Bundle;
  private leaf: Uint8Array | null = null;
  private readonly history = new PartyHistory();
  private readonly later: Party[] = [];

  constructor(bundle: Bundle) {
    super(bundle, [bundle.capture, ...bundle.statements], new Report(bundle.event, bundle.capture.place));
    this.bundle = bundle;
  }

  protected override first(): readonly (() => string)[] {
    return [() => this.event(), () => this.capture(), () => this.signature()];
  }

  override seen(): SeenBlock | null {
    return parseManifest(this.bundle.capture.document).after;
  }

  override checkHeader(headers: HeaderView | null, further: Further = {}): void {
    super.checkHeader(headers);
    const { seals, since } = further;
    this.report.further.push(
      this.attempt("later statements", () => this.laterStatements()),
      this.attempt("signed after", () => this.signedAfter(headers)),
      this.attempt("confirmations", () => this.confirmations()),
      this.attempt("seal chain", () => this.sealChain(seals)),
      this.attempt("since checkpoint", () => this.sinceCheckpoint(seals, since)),
    );
  }

  // 1. Event: the leaf hash; disclosed sealed fields match their digests.
  private event(): string {
    this.leaf = entryLeaf(this.bundle.event);
    const opened = openEvent(this.bundle.event, this.bundle.disclosures);
    this.report.opened = opened;
    const { disclosed, undisclosed } = opened;
    const sealed = `; sealed fields: ${disclosed.length} disclosed, ${undisclosed} not`;
    return `leaf ${hex(this.leaf)}${disclosed.length || undisclosed ? sealed : ""}`;
  }

  // 2. Capture: the leaf is included under the capture's root.
  private capture(): string {
    const manifest = parseManifest(this.bundle.capture.document, "$.capture.document");
    this.report.manifest = manifest;
    if (!this.leaf) throw new NotChecked("the event has no leaf hash");
    const root = rootFromInclusion(this.leaf, this.bundle.eventIndex, manifest.count, this.bundle.eventPath);
    if (!same(root, manifest.root)) {
      throw new InvalidInput(`the event leads to root ${hex(root)}, the capture names ${hex(manifest.root)}`);
    }
    return `event ${this.bundle.eventIndex + 1} of ${manifest.count}`;
  }

  // 3. Signature: under the key that it names, which spoke for the issuer at this place.
  private signature(): string {
    const signer = verifyProof(this.bundle.capture.document).did;
    this.report.key = signer;
    const manifest = this.report.manifest;
    if (!manifest) throw new NotChecked("the capture's manifest cannot be read");
    const { place } = this.bundle.capture;
    const earlier = this.bundle.statements.filter((statement) => statement.place < place);
    for (const statement of earlier) {
      this.history.apply(statement.place, entryLeaf(statement.document), statement.document);
    }
    const party = this.history.requireKey(manifest.issuer, signer);
    this.report.party = party;
    for (const statement of this.bundle.statements.slice(earlier.length)) {
      this.later.push(this.history.apply(statement.place, entryLeaf(statement.document), statement.document));
    }
    const who = `${party.name} (${party.roles.join(", ")}) with ${signer}`;
    return manifest.custodial ? `signed for ${who}, a key that the operator holds: custodial` : `signed by ${who}`;
  }

  private laterStatements(): string {
    const party = this.report.party;
    if (!party) throw new NotChecked("no party is proven");
    const dropped = this.later.find((later) => later.uri === party.uri && !later.keys.includes(this.report.key));
    return dropped
      ? `the key was withdrawn at place ${dropped.place}, after this capture: it stays valid`
      : "none up to this checkpoint withdraws the key, as far as the bundle tells";
  }

  /** The bracket: the block that the signer had seen, and the anchor's own. */
  private signedAfter(headers: HeaderView | null): string {
    const seen = this.report.manifest?.after;
    if (!seen) throw new NotChecked("the capture names no block that its signer had seen");
    if (!headers || this.height === null) throw new NotChecked("needs headers, and the anchor's block");
    const best = headers.hashAt(seen.height);
    if (!best || !same(best, seen.hash) || BigInt(seen.height) > this.height) {
      throw new InvalidInput(`block ${seen.height} that the signer had seen is not in the best chain before it`);
    }
    headers.confirm?.(seen.height);
    return `signed after block ${seen.height} and before block ${this.height}`;
  }

  /** Who else confirmed the event: by its one-time code, or by a signature of their own. */
  private confirmations(): string {
    if (!this.bundle.confirmations.length) {
      throw new NotChecked("the bundle carries no acknowledgement and no counter-signature");
    }
    const checkpoint = this.needCheckpoint();
    const found = this.bundle.confirmations.map((one) => {
      const stated = parseConfirmation(one.document);
      const what = checkConfirmation(stated, this.bundle.event);
      if (one.place <= this.bundle.capture.place) {
        throw new InvalidInput(`the confirmation at place ${one.place} stands before the event itself`);
      }
      const history = new PartyHistory();
      for (const statement of this.bundle.statements) {
        if (statement.place < one.place) {
          history.apply(statement.place, entryLeaf(statement.document), statement.document);
        }
      }
      const party = history.requireKey(stated.issuer, verifyProof(one.document).did);
      const leaf = entryLeaf(one.document);
      if (!same(rootFromInclusion(leaf, one.place, checkpoint.size, one.path), checkpoint.root)) {
        throw new InvalidInput(`the confirmation at place ${one.place} is not in the log`);
      }
      this.report.confirmations.push([stated, party]);
      return `${what} (${party.name}, place ${one.place})`;
    });
    return found.join("; ");
  }

  /** The seals walked from the genesis transaction to this anchor and on. */
  private sealChain(seals: Uint8Array | undefined): string {
    if (!seals) throw new NotChecked("no seals file was given; see verify --seals");
    const anchor = parseTransaction(this.bundle.anchor).txid;
    const walked = this.walk(seals);
    const at = walked.findIndex(([txid]) => same(txid, anchor));
    if (at < 0) throw new InvalidInput(`anchor ${hashHex(anchor)} is not among the log's ${walked.length} seals`);
    return `anchor ${at + 1} of ${walked.length} from the log's genesis, one unbroken chain`;
  }

  /** The log still contains what an earlier checkpoint named. */
  private sinceCheckpoint(seals: Uint8Array | undefined, since: Uint8Array | undefined): string {
    if (!since) throw new NotChecked("no earlier checkpoint was given; see verify --since");
    if (!seals) throw new NotChecked("needs the seals file, too; see verify --seals");
    const note = parseNote(since);
    note.check(genesisKey(parseTransaction(this.bundle.genesis)));
    const earlier = note.checkpoint;
    if (earlier.origin !== this.needCheckpoint().origin) {
      throw new InvalidInput(`that checkpoint is of another log: ${earlier.origin}`);
    }
    if (!this.walk(seals).some(([, checkpoint]) => checkpoint.equals(earlier))) {
      throw new InvalidInput(
        `no anchor of the log carries the checkpoint of size ${earlier.size}: another history`,
      );
    }
    return `the log still contains the ${earlier.size} entries of the earlier checkpoint`;
  }

  private walk(seals: Uint8Array): readonly (readonly [Uint8Array, Checkpoint])[] {
    const [genesis, chain] = readSeals(seals);
    if (!same(parseTransaction(genesis).txid, this.needCheckpoint().genesis)) {
      throw new InvalidInput("the seals file is of another log");
    }
    return walkSeals(genesis, chain);
  }
}
