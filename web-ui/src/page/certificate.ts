// A certificate as the reader sees it: what was certified, and how that stands at its end and for each record of its file.

import { kindOf } from "../certificate_check.ts";
import { get } from "../proof/fields.ts";
import { type CertificateReport, type Checked, type CheckedCertificate, Report, type Standing } from "../verifier.ts";
import { type Child, element } from "./element.ts";
import { technical } from "./steps.ts";
import { isolated, type Texts } from "./text.ts";

const ENDED: readonly Standing[] = ["revoked", "suspended", "expired"];

/** Whether a certificate holds, holds no longer, or neither can be said. */
export function verdictOfStanding(standing: Standing): "passed" | "ended" | "open" {
  if (standing === "valid") return "passed";
  return ENDED.includes(standing) ? "ended" : "open";
}

/** Its kind in the reader's language; of a stranger's, what it calls itself. */
export function nameOfKind(report: CertificateReport, texts: Texts): string {
  const kind = kindOf(report);
  const types = report.credential?.types.slice(1).join(", ");
  return (kind && texts.at(`certificate.${kind.name}`)) || types || texts.text("certificate.one");
}

/** The issuer as a party of the log, or as the certificate names it. */
export function nameOfIssuer({ issuer, credential }: CertificateReport): string {
  return issuer?.name ?? credential?.issuer ?? "";
}

/** How a proven certificate stands at the end of its proof, in whole sentences. */
export function saysOfStanding({ report, judgement }: CheckedCertificate, texts: Texts): readonly string[] {
  const { validFrom, validUntil } = datesOf(report, texts);
  const values = {
    name: nameOfIssuer(report),
    subject: report.credential?.subjects.join(", ") || "?",
    network: report.network,
    log: report.log,
    height: report.blockHeight ?? 0,
    depth: report.depth ?? 0,
    time: texts.moment(report.blockTime ?? 0),
    from: validFrom,
    until: validUntil,
  };
  return [
    texts.at(`says.standing.${judgement.standing}`, values),
    texts.text("says.certificate", values),
    texts.text("says.truth"),
  ];
}

/** What the certificate says: its kind, of whom, by whom, for how long. */
export function certifiedElement(report: CertificateReport, texts: Texts): Child {
  const { credential, recordedBy } = report;
  if (!credential) return null;
  const { validFrom, validUntil } = datesOf(report, texts);
  const rows = [
    [texts.text("stated.what"), nameOfKind(report, texts)],
    [texts.text("stated.items"), credential.subjects.join("\n")],
    [texts.text("certificate.issuer"), [nameOfIssuer(report), credential.issuer].join("\n")],
    [texts.text("certificate.from"), validFrom],
    [texts.text("certificate.until"), validUntil],
    [texts.text("certificate.recorded"), recordedBy?.name ?? ""],
  ].filter(([, value]) => value);
  return element(
    "div",
    { class: "stated" },
    element("dl", {}, ...rows.flatMap(([term, value]) => [element("dt", {}, term!), element("dd", { dir: "auto" }, value!)])),
    element(
      "details",
      {},
      element("summary", {}, texts.text("certificate.raw")),
      element("pre", { dir: "ltr", lang: "zxx", tabindex: "0" }, JSON.stringify(credential.document, null, 1)),
    ),
  );
}

/** How a certificate stands for the records of its file, or for one record its certificates. */
export function standingsElement(
  standings: readonly (readonly [string, CheckedCertificate])[],
  title: string,
  texts: Texts,
): readonly Child[] {
  if (!standings.length) return [];
  return [
    element("h3", {}, title),
    element("p", { class: "hint" }, texts.text("certificate.place")),
    element("ul", { class: "standings" }, ...standings.map(([name, one]) => standingElement(name, one, texts))),
  ];
}

function standingElement(name: string, { judgement }: CheckedCertificate, texts: Texts): HTMLElement {
  const { standing, detail, later } = judgement;
  return element(
    "li",
    { class: verdictOfStanding(standing), "data-standing": standing },
    element(
      "p",
      {},
      element("strong", {}, name),
      " ",
      element("span", { class: "outcome" }, texts.at(`standing.${standing}`)),
    ),
    later.length > 0 && element("p", {}, texts.text("certificate.later")),
    technical([detail, ...later].join("; "), texts),
  );
}

/** The certificates that bear on a record, each under its kind and issuer. */
export function certificatesOf({ standings }: Checked, texts: Texts): readonly Child[] {
  const named = standings.map((one) => {
    const name = [nameOfKind(one.report, texts), nameOfIssuer(one.report)].map(isolated).join(" · ");
    return [name, one] as const;
  });
  return standingsElement(named, texts.text("certificate.title"), texts);
}

/** The records of a file on which a certificate bears, each under the name that `nameOf` has for it. */
export function recordsOf(
  report: CertificateReport,
  file: readonly Checked[],
  nameOf: (checked: Checked) => string,
  texts: Texts,
): readonly Child[] {
  const bearing = file.flatMap((one) =>
    one.report instanceof Report
      ? one.standings.filter((standing) => standing.report === report).map((standing) => [nameOf(one), standing] as const)
      : [],
  );
  return standingsElement(bearing, texts.text("certificate.records"), texts);
}

function datesOf({ credential }: CertificateReport, texts: Texts): { validFrom: string; validUntil: string } {
  const dateOf = (name: string): string => (credential ? texts.momentOf(get(credential.document, name)) : "");
  return { validFrom: dateOf("validFrom"), validUntil: dateOf("validUntil") };
}
