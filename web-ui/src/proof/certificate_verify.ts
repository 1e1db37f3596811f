// Verify one certificate proof: bytes in, report out. The mirror of proof/certificate_verify.py: the same eight steps,
// outcomes, words.
//
//     1. Credential  it is a credential whose proof verifies, and its leaf is included under the record's root
//     2. Signatures  every document relied on verifies under a key in force at its place in the log
//     3. Status      the changes shown follow each other, and their roots hold the bit of this credential
//     4. to 8.       as for an event (anchored.ts)
//
// Proven is a certificate when all eight pass. Whether it *counts* is another question, asked of the report for each
// event: `CertificateReport.judge` holds it against the event's place, time and subjects, by a trust list.

import { microseconds } from "../events/instants.ts";
import { ANCHORED_STEPS, AnchoredReport, AnchoredVerification } from "./anchored.ts";
import type { Placed } from "./bundle.ts";
import { hex, same } from "./bytes.ts";
import { entryLeaf, type SeenBlock } from "./capture.ts";
import { type CertificateProof, entriesOf, parseCertificateProof, type ShownChange } from "./certificate_proof.ts";
import { type Credential, credentialLeaf, type StatusEntry, verifyCredential } from "./credential.ts";
import { type CredentialRecord, parseRecord } from "./credential_record.ts";
import { type Keys, verifyProof } from "./data_integrity.ts";
import { InvalidInput, NotChecked, Unauthorized } from "./errors.ts";
import { get, isInteger } from "./fields.ts";
import type { HeaderView } from "./headers.ts";
import { rootFromInclusion } from "./merkle.ts";
import { type Party, PartyHistory, STATEMENT_TYPE } from "./parties.ts";
import { type Evidence, judge, type Judgement, type Occasion, type State } from "./standing.ts";
import {
  bitsRoot,
  checkFollows,
  decodeBits,
  parseChange,
  parseStatusList,
  provenBit,
  type PublishedList,
  type StatusChange,
} from "./status_list.ts";
import { parseTrustList, type TrustList } from "./trust_list.ts";

export const CERTIFICATE_STEPS = ["credential", "signatures", "status", ...ANCHORED_STEPS] as const;

const DAY = 86_400_000_000n;
const LONGEST_TTL = 2 ** 40;

/** What the verification of a certificate proof found. */
export class CertificateReport extends AnchoredReport {
  credential: Credential | null = null;
  key = "";
  /** Who put it on record. */
  recordedBy: Party | null = null;
  /** The issuer as a party of this log; null where it is none. */
  issuer: Party | null = null;
  /** The last trust list that the proof carries. */
  trust: TrustList | null = null;
  readonly states = new Map<StatusEntry, readonly State[]>();
  /** The block that who changed a status had seen, by the place of the change. */
  readonly after = new Map<number, SeenBlock>();

  constructor(place: number) {
    super(CERTIFICATE_STEPS, place);
  }

  /** Whether all eight steps passed. */
  get proven(): boolean {
    return this.passed;
  }

  /** What it is judged by. Throws InvalidInput unless the certificate is proven. */
  get evidence(): Evidence {
    const { credential, key, place, states } = this;
    if (!this.proven || !credential) {
      const failed = this.steps.find((step) => step.outcome !== "passed");
      throw new InvalidInput(`the certificate is not proven: ${failed?.detail ?? ""}`);
    }
    return { credential, key, bound: this.issuer?.keys.includes(key) ?? false, place, states };
  }

  /** How it stands on an occasion, by the trust list in the proof. Throws InvalidInput unless it is proven. */
  judge(scheme: string | null, occasion: Occasion): Judgement {
    return judge(this.evidence, scheme, this.trust, occasion);
  }
}

/** Run the eight steps over one certificate proof; without headers step 8 is not checked. */
export function verifyCertificate(line: Uint8Array, headers: HeaderView | null): CertificateReport {
  const run = new CertificateVerification(parseCertificateProof(line));
  run.checkLine();
  run.checkHeader(headers);
  return run.report;
}

/** Check an observed list; the list, and the did:key that signed it. Throws InvalidInput. */
function checkPublished(shown: ShownChange, change: StatusChange, keys: Keys): readonly [PublishedList, string] {
  if (!shown.published) throw new InvalidInput(`the observed list ${change.list} is not shown`);
  const published = parseStatusList(shown.published);
  const { issuer, id } = published.credential;
  const signer = verifyProof(shown.published, undefined, keys);
  if (issuer.startsWith("did:") && issuer !== signer.controller) {
    throw new InvalidInput(`the status list is signed by ${signer.controller}, not by its issuer`);
  }
  if (!same(change.observed!, credentialLeaf(shown.published)) || id !== change.list) {
    throw new InvalidInput("the status list is not the one that was observed");
  }
  if (!published.purposes.includes(change.purpose)) {
    throw new InvalidInput(`the status list is not for ${change.purpose}`);
  }
  const bits = decodeBits(published.encoded);
  if (bits.length * 8 !== change.length || !same(bitsRoot(bits), change.root)) {
    throw new InvalidInput("the status list has another root than the one that was observed");
  }
  return [published, signer.did];
}

/** Until when an observed list may be relied on: its `validUntil`, or its `ttl` after it was `seen`, or a day. */
function freshUntil({ credential, subject }: PublishedList, seen: string): bigint {
  const ttl = get(subject, "ttl");
  const limit = isInteger(ttl) && ttl >= 0 && ttl < LONGEST_TTL ? BigInt(ttl) * 1000n : DAY;
  const { validUntil } = credential;
  if (validUntil !== null && !isInteger(ttl)) return validUntil;
  const until = microseconds(seen) + limit;
  return validUntil !== null && validUntil < until ? validUntil : until;
}

/** The steps over one certificate proof; each leaves behind what later ones need. */
export class CertificateVerification extends AnchoredVerification<CertificateReport> {
  private readonly proof: CertificateProof;
  private readonly documents: readonly Placed[];
  private record: CredentialRecord | null = null;
  private readonly keys: Keys = (method) => {
    const key = this.record?.resolved.get(method);
    if (key === undefined) {
      throw new InvalidInput(`the record does not say to which key ${firstCharacters(method, 200)} led`);
    }
    return key;
  };

  constructor(proof: CertificateProof) {
    const documents = entriesOf(proof);
    super(proof, documents, new CertificateReport(proof.record.place));
    this.proof = proof;
    this.documents = documents;
  }

  protected override first(): readonly (() => string)[] {
    return [() => this.credential(), () => this.signatures(), () => this.status()];
  }

  // 1. Credential: its proof verifies, and its leaf is included under the record's root.
  private credential(): string {
    const record = (this.record = parseRecord(this.proof.record.document, "$.record.document"));
    const [credential, verified] = verifyCredential(this.proof.credential, this.keys);
    const leaf = credentialLeaf(this.proof.credential);
    const root = rootFromInclusion(leaf, this.proof.index, record.count, this.proof.path);
    if (!same(root, record.root)) {
      throw new InvalidInput(`the credential leads to root ${hex(root)}, the record names ${hex(record.root)}`);
    }
    this.report.credential = credential;
    this.report.key = verified.did;
    const lookedUp = verified.controller.startsWith("did:key:") ? "" : ", as the record says it was looked up";
    return `signed with ${verified.did}${lookedUp}; ${this.proof.index + 1} of ${record.count} on record`;
  }

  // 2. Signatures: the documents in the order of their places, each under a key in force at its own.
  private signatures(): string {
    const history = new PartyHistory();
    let last = -1;
    for (const entry of this.documents) {
      if (entry.place <= last) throw new InvalidInput(`two documents claim place ${entry.place}`);
      last = entry.place;
      if (get(entry.document, "type") === STATEMENT_TYPE) {
        history.apply(entry.place, entryLeaf(entry.document), entry.document);
        continue;
      }
      const party = signerOf(history, entry);
      if (entry !== this.proof.record) continue;
      this.report.recordedBy = party;
      if (this.report.credential) this.report.issuer = history.party(this.report.credential.issuer);
    }
    if (this.proof.trust) this.report.trust = parseTrustList(this.proof.trust.document, "$.trust.document");
    const { recordedBy } = this.report;
    if (!recordedBy) throw new InvalidInput("the record is a party statement");
    return `put on record by ${recordedBy.name} (${recordedBy.uri})`;
  }

  // 3. Status: the changes shown follow each other and hold the bit of this credential.
  private status(): string {
    const { credential } = this.report;
    if (!credential) throw new NotChecked("the credential cannot be read");
    let used = 0;
    for (const entry of credential.status) {
      const shown = this.proof.status.filter((one) => isOf(one, entry));
      this.report.states.set(entry, this.statesOf(entry, shown, credential));
      used += shown.length;
    }
    if (used !== this.proof.status.length) throw new InvalidInput("a change of another status list is shown");
    if (!credential.status.length) return "it names no status list: it cannot be withdrawn";
    return `${used} changes of ${credential.status.length} status lists shown`;
  }

  private statesOf(entry: StatusEntry, shown: readonly ShownChange[], credential: Credential): readonly State[] {
    const states: State[] = [];
    let before: readonly [StatusChange, Uint8Array] | null = null;
    for (const one of [...shown].sort((a, b) => a.entry.place - b.entry.place)) {
      const change = parseChange(one.entry.document, "$.status.change.document");
      if (before && change.number <= before[0].number) {
        throw new InvalidInput(`the changes of ${entry.list} are out of order`);
      }
      const isLinked = before !== null && change.previous !== null && same(change.previous, before[1]);
      if (before && isLinked) checkFollows(change, ...before);
      const last = states.pop();
      // Between two changes that do not follow each other, others may lie.
      if (last) states.push({ ...last, until: isLinked ? one.entry.place : last.place + 1 });
      states.push(this.stateOf(entry, one, change, credential));
      before = [change, entryLeaf(one.entry.document)];
    }
    return states;
  }

  private stateOf(entry: StatusEntry, shown: ShownChange, change: StatusChange, credential: Credential): State {
    const { place, document } = shown.entry;
    const state = { place, until: null, set: provenBit(shown.bit, change, entry.index) };
    if (change.after) this.report.after.set(place, change.after);
    if (change.observed) {
      const [published, key] = checkPublished(shown, change, this.keys);
      this.requireIssuer(credential, published.credential.issuer, key);
      return { ...state, freshUntil: freshUntil(published, document["created"] as string) };
    }
    if (shown.published) throw new InvalidInput(`the list ${entry.list} is shown, which was not observed`);
    this.requireIssuer(credential, change.issuer);
    return { ...state, freshUntil: null };
  }

  /** Only the credential's own issuer says what became of it. */
  private requireIssuer(credential: Credential, issuer: string, key = ""): void {
    if (issuer !== credential.issuer) {
      throw new Unauthorized(`a status list of ${issuer}, expected ${credential.issuer}'s`);
    }
    if (key && !issuer.startsWith("did:") && key !== this.report.key) {
      throw new Unauthorized(`the status list is signed with ${key}, the credential with ${this.report.key}`);
    }
  }
}

function signerOf(history: PartyHistory, { document, place }: Placed): Party {
  const issuer = get(document, "issuer");
  if (typeof issuer !== "string") throw new InvalidInput(`the document at place ${place} names no issuer`);
  return history.requireKey(issuer, verifyProof(document).did);
}

function isOf({ entry }: ShownChange, { list, purpose }: StatusEntry): boolean {
  return get(entry.document, "list") === list && get(entry.document, "purpose") === purpose;
}

function firstCharacters(text: string, most: number): string {
  return Array.from(text.slice(0, 2 * most))
    .slice(0, most)
    .join("");
}
