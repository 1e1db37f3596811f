// The verifier as pages use it: a file of bundles in, reports out one by one, headers from a file or from services.

import { type Bundle, bundleLines, parseBundle } from "./proof/bundle.ts";
import { parseManifest } from "./proof/capture.ts";
import { parseBump } from "./proof/bump.ts";
import { parseNote } from "./proof/checkpoint.ts";
import { FirsthandError } from "./proof/errors.ts";
import type { HeaderView } from "./proof/headers.ts";
import { type Report, Verification } from "./proof/verify.ts";
import { checkHeaders, RawHeaders } from "./headers/raw.ts";
import type { ServiceChoice } from "./headers/networks.ts";
import { type AskOptions, askServices } from "./headers/services.ts";

export { checkHeaders, RawHeaders };
export { NETWORKS, type ServiceChoice } from "./headers/networks.ts";
export { FirsthandError, InvalidInput, UnreadableInput } from "./proof/errors.ts";
export { Report, type Step, type Outcome, STEPS } from "./proof/verify.ts";
export { bundleLines } from "./proof/bundle.ts";

/** One line of a bundle file: its report, or why it is no bundle. */
export interface Checked {
  /** From 0, in the order of the file. */
  readonly index: number;
  readonly report: Report | null;
  readonly unreadable: string;
  /** Whether the line is the proof of a certificate, which this verifier does not check. */
  readonly certificate: boolean;
}

export interface VerifyOptions {
  /** The reader's own headers (see checkHeaders). Nobody is asked then. */
  readonly headers?: HeaderView | undefined;
  /** Header services to ask instead of those that ship with the verifier; an empty list asks nobody. */
  readonly services?: readonly ServiceChoice[] | undefined;
  /** Host names of the operator, whose header services do not count; by default the host of the page. */
  readonly operator?: readonly string[] | undefined;
  readonly seals?: Uint8Array | undefined;
  readonly since?: Uint8Array | undefined;
  /** Told of each line twice: with seven steps, and whole. */
  readonly onProgress?: ((checked: Checked, done: number, total: number) => void) | undefined;
  readonly fetch?: AskOptions["fetch"];
}

const SLICE_MS = 40;
/** Blocks of one network that services are asked for; bundles of one log share a few. */
const MOST_BLOCKS = 64;

/** Verify every bundle of a file. Throws UnreadableInput when it is no lines at all; each line is told by itself. */
export async function verifyBundles(data: Uint8Array, options: VerifyOptions = {}): Promise<readonly Checked[]> {
  const lines = bundleLines(data);
  const breathe = breather();
  const checked: Checked[] = [];
  const runs: (Verification | null)[] = [];
  const tell = options.onProgress ?? (() => undefined);
  for (const [index, line] of lines.entries()) {
    try {
      const run = new Verification(parseBundle(line));
      runs.push(run);
      checked.push({ index, report: run.report, unreadable: "", certificate: false });
    } catch (error) {
      if (!(error instanceof FirsthandError)) throw error;
      runs.push(null);
      const certificate = isCertificate(line);
      checked.push({ index, report: null, unreadable: certificate ? "" : error.message, certificate });
    }
    await breathe();
  }
  // Asked before anything is checked, so that the answers travel while this device calculates.
  const views = options.headers ? null : askAll(runs, options);
  for (const [index, run] of runs.entries()) {
    if (!run) continue;
    run.checkBundle();
    tell(checked[index]!, 0, lines.length);
    await breathe();
  }
  const told = await views;
  for (const [index, run] of runs.entries()) {
    run?.checkHeader(options.headers ?? told?.get(run.report.network) ?? null, options);
    tell(checked[index]!, index + 1, lines.length);
    await breathe();
  }
  return checked;
}

/** Whether a line of a bundle file is a certificate's proof (docs/spec.md §8.4); what cannot be read is none. */
function isCertificate(line: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(line));
    return typeof value === "object" && value !== null && "credential" in value;
  } catch {
    return false;
  }
}

/** Ask each network's services for the blocks that its bundles name. */
async function askAll(
  runs: readonly (Verification | null)[],
  options: VerifyOptions,
): Promise<ReadonlyMap<string, HeaderView>> {
  const wanted = new Map<string, Set<number>>();
  for (const run of runs) {
    for (const [network, height] of run ? namedBlocks(run.bundle) : []) {
      const heights = wanted.get(network) ?? new Set();
      if (heights.size < MOST_BLOCKS) wanted.set(network, heights.add(height));
    }
  }
  const views = new Map<string, HeaderView>();
  const asked = {
    services: options.services,
    operator: options.operator ?? [globalThis.location?.hostname ?? ""],
    fetch: options.fetch,
  };
  await Promise.all(
    [...wanted].map(async ([network, heights]) => {
      const view = await askServices(network, [...heights].sort((a, b) => a - b), asked);
      if (view) views.set(network, view);
    }),
  );
  return views;
}

/** The blocks that a bundle names; whether it may is for its steps to say. */
function namedBlocks(bundle: Bundle): readonly (readonly [string, number])[] {
  const network = attempt(() => parseNote(bundle.checkpoint).checkpoint.network);
  if (!network) return [];
  const heights = [
    attempt(() => Number(parseBump(bundle.bump).height)),
    attempt(() => parseManifest(bundle.capture.document).after?.height),
  ];
  return heights.flatMap((height) => (height === undefined ? [] : [[network, height] as const]));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FirsthandError)) throw error;
    return undefined;
  }
}

/** Gives the page its turn between slices of work. */
function breather(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
