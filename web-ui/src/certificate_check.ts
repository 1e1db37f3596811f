// Certificates held against the events of their file, the mirror of service/certificate_check.py. The types are those of
// the profiles that ship with the verifier; the trust list is the one that the proof carries.

import { microseconds } from "./events/instants.ts";
import { certificatesNamed, eventSubjects } from "./events/subjects.ts";
import type { JsonObject } from "./proof/canonical.ts";
import type { CertificateReport } from "./proof/certificate_verify.ts";
import { InvalidInput } from "./proof/errors.ts";
import { get } from "./proof/fields.ts";
import type { Judgement, Occasion } from "./proof/standing.ts";
import type { Report } from "./proof/verify.ts";
import types from "./certificate_types.json";

/** A kind of certificate: its name, the word by which a trust list says whom it believes, what it can back. */
export interface CertificateType {
  readonly name: string;
  readonly scheme: string;
  readonly claims: readonly string[];
}

/** A certificate with how it stands on one occasion; `kind` is null for one of a stranger's type. */
export interface CheckedCertificate {
  readonly report: CertificateReport;
  readonly kind: CertificateType | null;
  readonly judgement: Judgement;
}

/** By their W3C names. */
export const CERTIFICATE_TYPES: ReadonlyMap<string, CertificateType> = new Map(Object.entries(types));

/**
 * How the certificates stand for one event: those that it names, or that speak of something in it. None for an event that
 * is not valid, or names no time.
 */
export function forEvent(
  event: Report,
  certificates: readonly CertificateReport[],
): readonly CheckedCertificate[] {
  const time = timeOf(event.event);
  if (!event.valid || !event.party || time === null) return [];
  const named = certificatesNamed(event.event);
  const occasion = { time, place: event.place, subjects: eventSubjects(event.event, event.party.uri) };
  return certificates
    .filter((one) => one.credential && one.network === event.network && one.log === event.log)
    .map((one) => checked(one, occasion))
    .filter((one) => one.judgement.standing !== "of another subject" || named.includes(one.report.credential!.id));
}

/** How a certificate stood when its proof was fixed, by all that the proof tells. */
export function standing(report: CertificateReport): CheckedCertificate {
  return checked(report, { time: BigInt(report.blockTime ?? 0) * 1_000_000n, place: null, subjects: null });
}

/** The kind of a certificate, of those that the profiles know. */
export function kindOf(report: CertificateReport): CertificateType | null {
  const known = report.credential?.types.find((name) => CERTIFICATE_TYPES.has(name));
  return known === undefined ? null : CERTIFICATE_TYPES.get(known)!;
}

function checked(report: CertificateReport, occasion: Occasion): CheckedCertificate {
  const kind = kindOf(report);
  try {
    return { report, kind, judgement: report.judge(kind?.scheme ?? null, occasion) };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { report, kind, judgement: { standing: "unknown", detail: error.reason, later: [] } };
  }
}

function timeOf(event: JsonObject): bigint | null {
  const text = get(event, "eventTime");
  try {
    return typeof text === "string" ? microseconds(text) : null;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return null;
  }
}
