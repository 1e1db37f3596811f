// Headers as a phone can have them: told by header services that the operator does not run, and believed where enough
// of them agree and the header's own work is above a floor shipped here.

import { same } from "../proof/bytes.ts";
import { InvalidInput, NotChecked } from "../proof/errors.ts";
import { bitsToTarget, type BlockHeader, hasWork, type HeaderView, parseHeader } from "../proof/headers.ts";
import { hashHex } from "../proof/transaction.ts";
import { HeadersDisagree } from "../proof/anchored.ts";
import { Fault, type Fetch, speak } from "./dialects.ts";
import { type Network, NETWORKS, type ServiceChoice } from "./networks.ts";

/** What one service told. */
interface Told {
  readonly name: string;
  readonly host: string;
  tip: number | null;
  readonly headers: Map<number, BlockHeader>;
  /** Why it is not counted, for a height or (under -1) altogether. */
  readonly faults: Map<number, string>;
}

export interface AskOptions {
  /** Asked instead of the network's own list. */
  readonly services?: readonly ServiceChoice[] | undefined;
  /** Hosts of the operator whose records are checked: what they say does not count. */
  readonly operator?: readonly string[] | undefined;
  readonly fetch?: Fetch | undefined;
}

/** Ask the services of a network for these blocks; whom to believe is the view's to say. */
export async function askServices(
  network: string,
  heights: readonly number[],
  options: AskOptions = {},
): Promise<ServiceHeaders | null> {
  const known = NETWORKS.get(network);
  const choices = known ? (options.services ?? known.services) : [];
  if (!known || !choices.length) return null;
  const ask: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  const told = await Promise.all(choices.map((choice) => askOne(known, choice, heights, options.operator ?? [], ask)));
  return new ServiceHeaders(known, told);
}

async function askOne(
  network: Network,
  choice: ServiceChoice,
  heights: readonly number[],
  operator: readonly string[],
  ask: Fetch,
): Promise<Told> {
  const host = hostOf(choice.url);
  const told: Told = { name: choice.name ?? host, host, tip: null, headers: new Map(), faults: new Map() };
  // Where one service is enough, on chains for trying things out, there is nobody but the operator to ask.
  if (network.quorum > 1 && operator.includes(host.replace(/:\d+$/, ""))) {
    told.faults.set(-1, "is run by the operator and does not count");
    return told;
  }
  try {
    const service = await speak(choice.url, choice.dialect, ask);
    told.tip = await service.tip();
    // One after the other: public services count the requests of a second.
    for (const height of heights) {
      try {
        told.headers.set(height, believable(network, await service.header(height)));
      } catch (error) {
        told.faults.set(height, faultText(error));
      }
    }
  } catch (error) {
    told.faults.set(-1, faultText(error));
  }
  return told;
}

function believable(network: Network, raw: Uint8Array): BlockHeader {
  const header = parseHeader(raw);
  if (!hasWork(header)) throw new Fault("gave a header without the work that it claims");
  if (bitsToTarget(header.bits) > network.floor) throw new Fault("gave a header with too little work");
  return header;
}

function faultText(error: unknown): string {
  return error instanceof Error && (error instanceof Fault || error instanceof InvalidInput)
    ? error.message
    : "gave an unusable answer";
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** What the services of a network told, as headers. */
export class ServiceHeaders implements HeaderView {
  readonly network: string;
  private readonly rules: Network;
  private readonly told: readonly Told[];

  constructor(rules: Network, told: readonly Told[]) {
    this.network = rules.name;
    this.rules = rules;
    this.told = told;
  }

  /** The lowest tip that was told: nobody's word makes a block look deeper than all say. */
  get tipHeight(): number {
    const tips = this.told.flatMap((one) => (one.tip === null ? [] : [one.tip]));
    return tips.length ? Math.min(...tips) : 0;
  }

  get source(): string {
    const names = this.told.filter((one) => one.headers.size).map((one) => one.name);
    return `by ${list(names)}`;
  }

  hashAt(height: number): Uint8Array | null {
    const answers = this.answers(height);
    const [first] = answers;
    if (!first) throw this.tooFew(height, answers);
    const other = answers.find((one) => !same(one.hash, first.hash));
    if (other) {
      const texts = answers.map((one) => `${one.name} tells ${hashHex(one.hash)}`);
      throw new HeadersDisagree(`header services disagree about block ${height}: ${list(texts)}`);
    }
    return first.hash;
  }

  confirm(height: number): void {
    const answers = this.answers(height);
    if (new Set(answers.map((one) => one.host)).size < this.rules.quorum) throw this.tooFew(height, answers);
  }

  checkWork(header: BlockHeader): void {
    if (!hasWork(header)) throw new InvalidInput("the block's header has not the work that it claims");
    if (bitsToTarget(header.bits) > this.rules.floor) {
      throw new InvalidInput(`the block's header has less work than ${this.network} needs at least`);
    }
  }

  private answers(height: number): readonly { name: string; host: string; hash: Uint8Array }[] {
    return this.told.flatMap(({ name, host, headers }) => {
      const header = headers.get(height);
      return header ? [{ name, host, hash: header.hash }] : [];
    });
  }

  private tooFew(height: number, answers: readonly { name: string }[]): NotChecked {
    const silent = this.told.flatMap((one) => {
      const fault = one.faults.get(height) ?? one.faults.get(-1);
      return fault === undefined ? [] : [`${one.name} ${fault}`];
    });
    const count = this.rules.quorum;
    const needed = count === 1 ? "one header service must" : `${count} independent header services must`;
    const known = answers.length ? `; ${list(answers.map((one) => one.name))} did` : "";
    return new NotChecked(
      `${needed} tell block ${height}${known}${silent.length ? `; ${silent.join("; ")}` : ""}`,
    );
  }
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
