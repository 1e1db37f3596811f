"""Traces, balances and recalls as JSON documents, the same for the command line and for HTTP.

A quantity is `{"value", "uom", "exact"}`: a number to read, a Recommendation 20 code, and the exact
rational as text. A share is `{"value", "exact"}`. Events are named by their event IDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from firsthand.service.balance import Balanced
from firsthand.service.recall import Recall
from firsthand.service.trace import Reader, Trace, event_ids
from firsthand.trace.evidence import Evidence
from firsthand.trace.findings import Finding
from firsthand.trace.holdings import Holding
from firsthand.trace.quantity import Quantity

__all__ = ["balance_document", "finding_documents", "recall_document", "trace_document"]

Document = dict[str, Any]


def trace_document(trace: Trace) -> Document:
    """A trace with all that is derived from it."""
    findings = trace.findings()
    numbers = {number for link in trace.links for number in link.events}
    numbers |= {number for finding in findings for number in finding.events}
    numbers |= set(trace.corrections)
    for one in trace.corrections.values():
        numbers |= {one.declaration, *one.corrective}
    evidence = trace.evidence() if trace.direction == "back" and trace.starts else {}
    numbers |= {n for one in evidence.values() for witness in one.witnesses for n in witness.events}
    ids = event_ids(trace.reader, numbers)
    found: Document = {
        "lot": trace.lot,
        "direction": trace.direction,
        "lots": trace.lots,
        "links": [
            {
                "from": link.source.lot,
                "to": link.target.lot,
                "kind": link.kind,
                "quantity": _quantity(link.quantity),
                "events": [ids[number] for number in link.events],
            }
            for link in trace.links
        ],
        "holders": [_holding(one) for one in trace.holders()],
        "corrections": [
            {
                "event": ids[one.withdrawn],
                "reason": one.reason,
                "correctiveEvents": [ids[number] for number in one.corrective if number in ids],
            }
            for one in trace.corrections.values()
        ],
        "findings": [_finding(one, ids) for one in findings],
    }
    if trace.direction == "back" and trace.starts:
        custody = trace.custody()
        found |= {
            "custody": {"model": custody.model, "reason": custody.reason},
            "origins": {lot: _share(part) for lot, part in custody.origins.items()},
            "shares": {maker: _share(part) for maker, part in trace.shares().items()},
            "claims": {claim: _evidence(one, ids) for claim, one in evidence.items()},
        }
    return found


def balance_document(found: Balanced, reader: Reader) -> Document:
    """A balance with its findings."""
    return {
        "events": found.events,
        "lots": found.lots,
        "came": [_quantity(one) for one in found.came],
        "went": [_quantity(one) for one in found.went],
        "stock": [_quantity(one) for one in found.stock],
        "steps": [
            {
                "step": one.step,
                "count": one.count,
                "in": _quantity(one.inputs),
                "out": _quantity(one.outputs),
                "yield": None if one.ratio is None else _share(one.ratio),
            }
            for one in found.steps
        ],
        "claims": [
            {"party": one.party, "claim": one.claim, "made": _quantity(one.made), "sold": _quantity(one.sold)}
            for one in found.claims
        ],
        "findings": finding_documents(found.findings, reader),
    }


def recall_document(found: Recall, names: Mapping[str, str]) -> Document:
    """A recall: who still has what, what went to consumers, and all that was reached."""
    return {
        "lot": found.lot,
        "reached": found.lots,
        "held": [_holding(one) | {"name": names.get(one.party, one.party)} for one in found.held],
        "sold": [_holding(one) | {"name": names.get(one.party, one.party)} for one in found.sold],
        "passedOn": [
            _holding(one) | {"name": names.get(one.party, one.party)} for one in found.holdings if one.gone
        ],
    }


def finding_documents(findings: Iterable[Finding], reader: Reader) -> list[Document]:
    """Findings with their events by ID."""
    listed = list(findings)
    ids = event_ids(reader, {number for one in listed for number in one.events})
    return [_finding(one, ids) for one in listed]


def _finding(one: Finding, ids: Mapping[int, str]) -> Document:
    return {
        "kind": one.kind,
        "severity": one.severity,
        "text": one.text,
        "numbers": {
            name: _quantity(value) if isinstance(value, Quantity) else _share(value)
            for name, value in one.numbers
        },
        "lots": list(one.lots),
        "parties": list(one.parties),
        "claim": one.claim or None,
        "events": [ids[number] for number in one.events if number in ids],
    }


def _evidence(one: Evidence, ids: Mapping[int, str]) -> Document:
    return {
        "level": one.level.word,
        "parts": {level.word: _share(part) for level, part in one.parts.items()},
        "witnesses": [
            {
                "lot": witness.lot,
                "level": witness.level.word,
                "part": _share(witness.part),
                "statedBy": list(witness.stated_by),
                "confirmedBy": list(witness.confirmed_by),
                "credentials": list(witness.credentials),
                "events": [ids[number] for number in witness.events],
            }
            for witness in one.witnesses
        ],
    }


def _holding(one: Holding) -> Document:
    return {
        "party": one.party,
        "lot": one.lot,
        "left": _quantity(one.left),
        "gone": one.gone,
        "sold": one.sold,
        "to": one.to,
    }


def _quantity(one: Quantity | None) -> Document | None:
    if one is None:
        return None
    return {"value": float(one.amount), "uom": one.unit, "exact": str(one.amount)}


def _share(one: Fraction) -> Document:
    return {"value": float(one), "exact": str(one)}
