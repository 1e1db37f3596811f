// One record of a proof file as the reader sees it: the verdict in plain words first, then what was stated, then the checks.

import type { Json, JsonObject } from "../proof/canonical.ts";
import { type AnchoredReport, CertificateReport, type Checked, Report } from "../verifier.ts";
import { certificatesOf, certifiedElement, nameOfKind, recordsOf, saysOfStanding, verdictOfStanding } from "./certificate.ts";
import { append, type Child, element } from "./element.ts";
import { furtherElement, mark, stepsElement, technical } from "./steps.ts";
import { isolated, type Texts } from "./text.ts";

export type Verdict = "passed" | "ended" | "failed" | "open" | "alarm" | "unreadable" | "running";

const SHOWN_ITEMS = 4;
const TRIALS = ["sandbox", "regtest", "testnet"];

/** Whether all eight checks over a record or a certificate passed. */
export function passedAll({ report }: Checked): boolean {
  return report instanceof CertificateReport ? report.proven : report !== null && report.valid;
}

/** How a record fared, or how a proven certificate stands. A failed check outweighs one that is missing. */
export function verdictOf(checked: Checked): Verdict {
  const { report, standings } = checked;
  if (!report) return "unreadable";
  if (!report.done) return "running";
  if (passedAll(checked)) {
    if (report instanceof Report) return "passed";
    return standings[0] ? verdictOfStanding(standings[0].judgement.standing) : "running";
  }
  if (report.alarm) return "alarm";
  return report.steps.some((step) => step.outcome === "failed") ? "failed" : "open";
}

/** The verdict in plain words. */
export function titleOf(checked: Checked, texts: Texts): string {
  const verdict = verdictOf(checked);
  if (verdict === "running") return texts.text("outcome.running");
  if (!(checked.report instanceof CertificateReport)) return texts.at(`verdict.${verdict}`);
  const standing = checked.standings[0]?.judgement.standing;
  if (standing) return texts.at(`verdict.standing.${standing}`);
  return verdict === "failed" ? texts.text("verdict.certificate") : texts.at(`verdict.${verdict}`);
}

/** A record of a file: its verdict as the summary, the rest below it, made when it is opened. */
export function recordElement(checked: Checked, file: readonly Checked[], texts: Texts, open: boolean): HTMLElement {
  const verdict = verdictOf(checked);
  const body = element("div", { class: "body" });
  const fill = (): void => {
    if (!body.childElementCount) append(body, bodyOf(checked, file, verdict, texts));
  };
  if (open) fill();
  return element(
    "details",
    { class: `record ${verdict}`, "data-verdict": verdict, open, ontoggle: fill },
    element(
      "summary",
      {},
      mark(verdict),
      element("span", { class: "verdict" }, titleOf(checked, texts)),
      element("span", { class: "which" }, whichOf(checked, texts)),
    ),
    body,
  );
}

function whichOf({ report, index }: Checked, texts: Texts): string {
  if (!report) return `${index + 1}`;
  if (report instanceof CertificateReport) return nameOfKind(report, texts);
  const { event } = report;
  const what = textOf(event["bizStep"]) || textOf(event["type"]);
  return [what, texts.momentOf(event["eventTime"])].filter(Boolean).map(isolated).join(" · ");
}

function bodyOf(checked: Checked, file: readonly Checked[], verdict: Verdict, texts: Texts): readonly Child[] {
  const { report } = checked;
  if (!report) {
    return [element("p", {}, texts.text("says.unreadable")), technical(checked.unreadable, texts)];
  }
  const isProven = passedAll(checked);
  const trial = TRIALS.includes(report.network);
  return [
    ...(isProven ? saysOfProven(checked, texts) : said(troubleOf(report, verdict, texts))),
    trial &&
      element("p", { class: "trial" }, texts.text("says.sandbox", { network: report.network })),
    ...(report instanceof CertificateReport
      ? [
          element("h3", {}, texts.text(isProven ? "certificate.stated" : "stated.unproven")),
          certifiedElement(report, texts),
          ...recordsOf(report, file, (one) => whichOf(one, texts), texts),
        ]
      : [
          element("h3", {}, texts.text(isProven ? "stated.title" : "stated.unproven")),
          statedOf(report, texts),
          ...certificatesOf(checked, texts),
        ]),
    element("h3", {}, texts.text("steps.title")),
    stepsElement(report, texts),
    report.further.length > 0 && furtherElement(report, texts),
  ];
}

function troubleOf(report: AnchoredReport, verdict: Verdict, texts: Texts): readonly string[] {
  const troubled = report.steps.find((step) => step.outcome === "failed") ?? report.steps.find((step) => step.outcome !== "passed");
  const step = troubled ? texts.at(`step.${troubled.name}`) : "";
  if (verdict === "alarm") return [texts.text("says.alarm")];
  if (verdict === "failed") return [texts.text("says.failed", { step })];
  if (verdict === "open") {
    const passed = report.steps.filter((one) => one.outcome === "passed").length;
    return [texts.text("says.open", { passed, step })];
  }
  return [];
}

function saysOfProven({ report, standings }: Checked, texts: Texts): readonly Child[] {
  return said(report instanceof Report ? saysOf(report, texts) : standings.flatMap((one) => saysOfStanding(one, texts)));
}

function said(texts: readonly string[]): readonly Child[] {
  return texts.map((text) => element("p", { class: "says" }, text));
}

function saysOf(report: Report, texts: Texts): readonly string[] {
  const name = report.party?.name ?? "";
  const isConfirmed = report.further.some((one) => one.name === "confirmations" && one.outcome === "passed");
  const confirmed = isConfirmed ? report.confirmations.map(([, party]) => party.name) : [];
  const values = {
    name,
    network: report.network,
    log: report.log,
    height: report.blockHeight ?? 0,
    depth: report.depth ?? 0,
    time: texts.moment(report.blockTime ?? 0),
  };
  return [
    texts.text("says.passed", values),
    ...(report.manifest?.custodial ? [texts.text("says.custodial", { name })] : []),
    ...(confirmed.length ? [texts.text("says.confirmed", { names: confirmed.join(", ") })] : []),
    texts.text("says.truth"),
  ];
}

function statedOf(report: Report, texts: Texts): HTMLElement {
  const event = report.opened?.event ?? report.event;
  const rows: (readonly [string, string])[] = [
    [texts.text("stated.what"), [event["bizStep"], event["type"], event["action"]].map(textOf).filter(Boolean).join(" · ")],
    [texts.text("stated.when"), texts.momentOf(event["eventTime"])],
    [texts.text("stated.items"), itemsOf(event, texts)],
    [texts.text("stated.where"), idOf(event["readPoint"]) || idOf(event["bizLocation"])],
    [texts.text("stated.by"), report.party ? `${report.party.name} (${report.party.roles.join(", ")})` : ""],
  ];
  for (const { path, value } of report.opened?.disclosed ?? []) {
    const label = path[path.length - 1];
    rows.push([`${label}`, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  const shown = rows.filter(([, value]) => value);
  return element(
    "div",
    { class: "stated" },
    element("dl", {}, ...shown.flatMap(([term, value]) => [element("dt", {}, term), element("dd", { dir: "auto" }, value)])),
    element(
      "details",
      {},
      element("summary", {}, texts.text("stated.raw")),
      element("pre", { dir: "ltr", lang: "zxx", tabindex: "0" }, JSON.stringify(event, null, 1)),
    ),
    report.opened?.undisclosed ? element("p", {}, texts.counted("sealed", report.opened.undisclosed)) : null,
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function idOf(value: Json | undefined): string {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? textOf(value["id"]) : "";
}

function itemsOf(event: JsonObject, texts: Texts): string {
  const names = ["parentID", "epcList", "childEPCs", "inputEPCList", "outputEPCList"];
  const classes = ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];
  const single = names.flatMap((name) => [event[name]].flat().map((item) => textOf(item)));
  const counted = classes.flatMap((name) => {
    const list = event[name];
    return Array.isArray(list) ? list.map(quantityOf) : [];
  });
  const items = [...single, ...counted].filter(Boolean);
  const more = items.length - SHOWN_ITEMS;
  return [...items.slice(0, SHOWN_ITEMS), ...(more > 0 ? [texts.text("stated.more", { count: more })] : [])].join("\n");
}

function quantityOf(item: Json): string {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return "";
  const quantity = item["quantity"];
  const amount = typeof quantity === "number" ? ` (${quantity}${item["uom"] ? ` ${textOf(item["uom"])}` : ""})` : "";
  return textOf(item["epcClass"]) + amount;
}
