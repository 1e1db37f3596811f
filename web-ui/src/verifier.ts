// The verifier as pages use it: a file of bundles in, reports out one by one, headers from a file or from services.

import { type CheckedCertificate, forEvent, standing } from "./certificate_check.ts";
import type { AnchoredVerification } from "./proof/anchored.ts";
import { bundleLines, parseBundle } from "./proof/bundle.ts";
import { parseBump } from "./proof/bump.ts";
import { isCertificate, parseCertificateProof } from "./proof/certificate_proof.ts";
import { CertificateReport, CertificateVerification } from "./proof/certificate_verify.ts";
import { parseNote } from "./proof/checkpoint.ts";
import { FirsthandError } from "./proof/errors.ts";
import type { HeaderView } from "./proof/headers.ts";
import { Report, Verification } from "./proof/verify.ts";
import { checkHeaders, RawHeaders } from "./headers/raw.ts";
import type { ServiceChoice } from "./headers/networks.ts";
import { type AskOptions, askServices } from "./headers/services.ts";

export { checkHeaders, RawHeaders };
export { NETWORKS, type ServiceChoice } from "./headers/networks.ts";
export type { CheckedCertificate } from "./certificate_check.ts";
export type { AnchoredReport, Outcome, Step } from "./proof/anchored.ts";
export { CERTIFICATE_STEPS, CertificateReport } from "./proof/certificate_verify.ts";
export { FirsthandError, InvalidInput, UnreadableInput } from "./proof/errors.ts";
export type { Judgement, Standing } from "./proof/standing.ts";
export { Report, STEPS } from "./proof/verify.ts";
export { bundleLines } from "./proof/bundle.ts";

/** One line of a bundle file: its report, or why it is no bundle. */
export interface Checked {
  /** From 0, in the order of the file. */
  readonly index: number;
  /** Of an event, or of a certificate. */
  readonly report: Report | CertificateReport | null;
  readonly unreadable: string;
  /** How certificates stand, once all is checked: for this event those of the file, for a certificate itself at its end. */
  standings: readonly CheckedCertificate[];
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
  const runs: (Verification | CertificateVerification | null)[] = [];
  const tell = options.onProgress ?? (() => undefined);
  for (const [index, line] of lines.entries()) {
    try {
      const run = isCertificate(line)
        ? new CertificateVerification(parseCertificateProof(line))
        : new Verification(parseBundle(line));
      runs.push(run);
      checked.push({ index, report: run.report, unreadable: "", standings: [] });
    } catch (error) {
      if (!(error instanceof FirsthandError)) throw error;
      runs.push(null);
      checked.push({ index, report: null, unreadable: error.message, standings: [] });
    }
    await breathe();
  }
  // Asked before anything is checked, so that the answers travel while this device calculates.
  const views = options.headers ? null : askAll(runs, options);
  for (const [index, run] of runs.entries()) {
    if (!run) continue;
    run.checkLine();
    tell(checked[index]!, 0, lines.length);
    await breathe();
  }
  const told = await views;
  for (const [index, run] of runs.entries()) {
    run?.checkHeader(options.headers ?? told?.get(run.report.network) ?? null, options);
    tell(checked[index]!, index + 1, lines.length);
    await breathe();
  }
  const certificates = checked.flatMap(({ report }) => (report instanceof CertificateReport ? [report] : []));
  for (const one of checked) {
    if (one.report instanceof Report) one.standings = forEvent(one.report, certificates);
    else if (one.report?.proven) one.standings = [standing(one.report)];
  }
  return checked;
}

/** Ask each network's services for the blocks that its bundles name. */
async function askAll(
  runs: readonly (AnchoredVerification | null)[],
  options: VerifyOptions,
): Promise<ReadonlyMap<string, HeaderView>> {
  const wanted = new Map<string, Set<number>>();
  for (const run of runs) {
    for (const [network, height] of run ? namedBlocks(run) : []) {
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

/** The blocks that a line names; whether it may is for its steps to say. */
function namedBlocks(run: AnchoredVerification): readonly (readonly [string, number])[] {
  const network = attempt(() => parseNote(run.anchorage.checkpoint).checkpoint.network);
  if (!network) return [];
  const heights = [
    attempt(() => Number(parseBump(run.anchorage.bump).height)),
    attempt(() => run.seen()?.height),
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
