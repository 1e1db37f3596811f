"""Proposing a mapping for an unknown sheet: a packaged mapping with this sheet's columns where one fits, else
one event a row of the step whose elements the sheet has. It is TOML for people to read and change.

What is not recognised is left out and said so; columns of names and telephone numbers are left out as such.
Nothing is recorded by proposing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.profiles.mapping_file import (
    EventRule,
    Field,
    MappingFile,
    element_of,
    mapping_names,
    parse_mapping_file,
    read_mapping_file,
)
from firsthand.profiles.profile import Profile
from firsthand.profiles.proposal_match import Concept, Match, Matcher, is_personal, is_technical
from firsthand.profiles.rows import Row, Table, header_key, shown
from firsthand.profiles.uris import template_names

__all__ = ["Proposal", "propose"]

_SAMPLE: Final = 200
_PLACES: Final = ("plot", "farm", "mill", "station")
_IDENTITIES: Final = ("receiptNumber", "lotNumber", "submission")


@dataclass(slots=True)
class Proposal:
    """A mapping as TOML and loaded, with the columns that it uses and the remarks for whoever looks at it."""

    toml: str
    mapping: MappingFile
    columns: tuple[str, ...]
    used: list[Match]
    left_out: dict[str, str]
    remarks: list[str] = field(default_factory=list)


def propose(profile: Profile, rows: Sequence[Row], name: str) -> Proposal:
    """A mapping for the sheet that these rows are of; the first 200 are looked at.

    Raises InvalidInput when there are no rows, or when no column holds a date, without which no event has
    a time.
    """
    if not rows:
        raise InvalidInput("there are no rows to look at")
    table = rows[0].table
    packaged = [read_mapping_file(profile, one) for one in mapping_names(profile.name)]
    matcher = Matcher(profile, packaged, table, [row.values for row in rows[:_SAMPLE] if row.table is table])
    matches = matcher.matches()
    remarks: list[str] = []
    template = _fitting(profile, packaged, matches)
    if template is not None:
        draft = _from_template(profile, template, matches, table)
        remarks.append(f'it follows the mapping "{template.name}": {template.about}')
    else:
        draft = _generic(profile, matcher, matches, table, remarks)
    draft["name"] = name
    draft["date_order"] = matcher.order
    draft["decimal_mark"] = "," if table.decimal_mark == "," else None
    left_out = _left_out(table, _columns_of(draft["fields"]))
    text = _toml(profile, draft, matches, left_out, table)
    if matcher.order is None and _ambiguous(rows, matches):
        remarks.append("the dates do not tell day from month: set date_order to dmy or mdy")
    used = sorted((match for name, match in matches.items() if name in draft["used"]), key=_by_column)
    return Proposal(text, parse_mapping_file(profile, text.encode()), table.columns, used, left_out, remarks)


def _by_column(match: Match) -> int:
    return match.column


def _fitting(profile: Profile, packaged: list[MappingFile], matches: dict[str, Match]) -> MappingFile | None:
    """The packaged mapping whose required fields are all there, and most of whose others are."""

    def bound(mapping: MappingFile) -> int:
        return sum(_concept(profile, name, one) in matches for name, one in mapping.fields.items())

    fitting = [
        mapping
        for mapping in packaged
        if all(
            _concept(profile, name, one) in matches for name, one in mapping.fields.items() if one.required
        )
        and any(one.required and element_of(profile, name, one) for name, one in mapping.fields.items())
        and bound(mapping) >= 3
    ]
    return max(fitting, key=bound, default=None)


def _concept(profile: Profile, name: str, one: Field) -> str:
    return element_of(profile, name, one) or name


def _from_template(
    profile: Profile, template: MappingFile, matches: dict[str, Match], table: Table
) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for name, one in template.fields.items():
        concept = _concept(profile, name, one)
        match = matches.get(concept)
        # An element whose cells could not be read is none, whatever its header says.
        named = None if element_of(profile, name, one) else _named(one.columns, table)
        column = table.columns[match.column] if match else named
        priced = _priced(profile, concept, matches, table) if match else {}
        if column is None or priced is None:
            continue
        unit_column = _named((one.unit_column,), table) if one.unit_column else None
        used |= {concept, *priced.pop("used", ())}
        fields[name] = {
            "columns": [column],
            "element": one.element,
            "read": "time" if match and match.timed else one.read,
            "required": one.required,
            "unit": None if match and match.unit else one.unit,
            "unit_column": unit_column,
            "refused": list(one.refused) or None,
            **priced,
        }
    uris = {
        name: [one for one in templates if set(template_names(one)) <= {*fields, "digest"}]
        for name, templates in template.uris.items()
    }
    uris = {name: templates for name, templates in uris.items() if templates}
    events = [event for rule in template.events if (event := _pruned(rule, fields, uris)) is not None]
    once = template.once if template.once in uris else None
    return {
        "fields": fields,
        "uris": uris,
        "events": events,
        "once": once,
        "used": used,
        "utc": template.utc_offset,
    }


def _named(headers: Sequence[str], table: Table) -> str | None:
    """The column that is headed just so."""
    keys = [header_key(header) for header in headers]
    return next((column for column in table.columns if column and header_key(column) in keys), None)


def _pruned(rule: EventRule, fields: dict[str, Any], uris: dict[str, Any]) -> dict[str, Any] | None:
    """A rule with what this sheet has of it."""
    event: dict[str, Any] = {"step": rule.step}
    for name in ("lot", "place", "source", "destination", "on_behalf_of"):
        if getattr(rule, name) in uris:
            event[name] = getattr(rule, name)
    for name in ("time", "after", "before", "claims"):
        if getattr(rule, name) in fields:
            event[name] = getattr(rule, name)
    for name in ("ilmd", "elements", "sensors", "quantity"):
        kept = [one for one in getattr(rule, name) if one in fields]
        if kept and (name != "quantity" or len(kept) == len(rule.quantity)):
            event[name] = kept
    named = "lot" in event if rule.lot else {"place", "sensors"} <= event.keys()
    return event if named and {"time", "before"} & event.keys() else None


def _generic(
    profile: Profile, matcher: Matcher, matches: dict[str, Match], table: Table, remarks: list[str]
) -> dict[str, Any]:
    date = next(
        (
            name
            for name in ("date", *matches)
            if name in matches and matcher.concepts[name].kind in ("date", "time", "period")
        ),
        None,
    )
    if date is None:
        raise InvalidInput(
            "no column holds a date, and an event has a time: the sheet has "
            + ", ".join(map(shown, table.columns[:30])),
            table.line(table.header_row),
        )
    elements = [name for name in matches if name in profile.elements and name != date]
    step = _step(profile, elements)
    fields: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for name in (date, *(one for one in matches if one != date)):
        match, concept = matches[name], matcher.concepts[name]
        priced = _priced(profile, name, matches, table)
        if priced is None or (
            concept.element is None and name not in (date, *_IDENTITIES, *_PLACES, "farmerNumber")
        ):
            continue
        used |= {name, *priced.pop("used", ())}
        uom = concept.element.uom if concept.element and concept.kind == "quantity" else None
        fields[name] = {
            "columns": [table.columns[match.column]],
            "read": _read(match, concept),
            "required": name == date,
            "unit": uom if match.unit is None else None,
            **priced,
        }
    remarks.append(f'each row becomes one event of the step "{step}": look whether that is what it records')
    return _one_event(profile, matcher, step, date, fields, table, used, remarks)


def _one_event(
    profile: Profile,
    matcher: Matcher,
    step: str,
    date: str,
    fields: dict[str, dict[str, Any]],
    table: Table,
    used: set[str],
    remarks: list[str],
) -> dict[str, Any]:
    elements = [name for name in fields if name in profile.elements and name != date]
    identity: str | None = next((name for name in _IDENTITIES if name in fields), None)
    if identity is None:
        columns = {_column(table, fields[name]): name for name in fields if name != date}
        identity = next((columns[column] for column in matcher.distinct() if column in columns), None)
    place = next((name for name in _PLACES if name in fields), None)
    owner = "{farmerNumber}:" if "farmerNumber" in fields else ""
    uris: dict[str, list[str]] = {}
    if identity is None:
        remarks.append("no column numbers the rows: a lot is named by all the cells of its row")
    else:
        fields[identity]["required"] = True
    uris["lot"] = [f"lot/{step}:{{{identity or 'digest'}}}"]
    event: dict[str, Any] = {"step": step, "lot": "lot", "time": date}
    if place is not None:
        uris["place"] = [f"place/{place}:{owner}{{{place}}}"]
        event["place"] = "place"
    if owner:
        uris["farmer"] = ["party/farmer-{farmerNumber}"]
        event["source"] = "farmer"
    mass = next(
        (
            name
            for name in elements
            if profile.elements[name].uom == "KGM" and profile.elements[name].kind == "quantity"
        ),
        None,
    )
    if mass is not None:
        event["quantity"] = [mass]
    event["ilmd" if profile.steps[step].action == "ADD" else "elements"] = [
        name for name in elements if name != mass or profile.steps[step].action != "ADD"
    ]
    once = "lot" if identity else None
    return {"fields": fields, "uris": uris, "events": [event], "once": once, "used": used, "utc": "+00:00"}


def _read(match: Match, concept: Concept) -> str | None:
    if match.timed:
        return "time"
    return concept.kind if concept.element is None and concept.kind != "text" else None


def _column(table: Table, one: dict[str, Any]) -> int:
    """Where a drafted field stands."""
    return table.columns.index(one["columns"][0])


def _step(profile: Profile, elements: list[str]) -> str:
    """The step that most of these elements belong to."""
    steps = [name for name, step in profile.steps.items() if step.type == "ObjectEvent" and name != "plot"]
    return max(steps, key=lambda name: sum(one in profile.steps[name].elements for one in elements))


def _priced(profile: Profile, concept: str, matches: dict[str, Match], table: Table) -> dict[str, Any] | None:
    """What a price needs beside its column; None when its currency is not known."""
    element = profile.elements.get(concept)
    if element is None or element.kind != "price":
        return {}
    if "currency" in matches:
        return {"currency_column": table.columns[matches["currency"].column], "used": ("currency",)}
    header = table.columns[matches[concept].column]
    codes = [
        word
        for word in header.replace("/", " ").replace("(", " ").replace(")", " ").split()
        if len(word) == 3 and word.isupper() and word.isascii()
    ]
    return {"currency": codes[0]} if codes else None


def _columns_of(fields: dict[str, dict[str, Any]]) -> set[str]:
    columns = {header for one in fields.values() for header in one["columns"]}
    sides = (one.get(side) for one in fields.values() for side in ("unit_column", "currency_column"))
    return columns | {side for side in sides if side is not None}


def _left_out(table: Table, used: set[str]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for header in table.columns:
        if header in used or not header.strip():
            continue
        if is_personal(header):
            reasons[header] = "who somebody is, or how to reach them: the register of parties holds that"
        elif is_technical(header):
            reasons[header] = "added by the collection tool for itself"
        else:
            reasons[header] = "not recognised: make it a field, or leave it out"
    return reasons


def _ambiguous(rows: Sequence[Row], matches: dict[str, Match]) -> bool:
    match = matches.get("date")
    cells = [row.values[match.column] for row in rows if match and match.column < len(row.values)]
    return any(cell.count("/") == 2 for cell in cells)


# --- TOML -------------------------------------------------------------------------------------------------


def _toml(
    profile: Profile, draft: dict[str, Any], matches: dict[str, Match], left_out: dict[str, str], table: Table
) -> str:
    """The draft as TOML; strings are written as JSON, which TOML reads alike."""
    lines = [
        "# Proposed by `firsthand map`. Look at every field before recording with it.",
        "",
        *_pairs({"name": draft["name"], "version": 1, "profile": profile.name}),
        *_pairs({"about": f"proposed for a sheet of {len(table.columns)} columns", "once": draft["once"]}),
        *_pairs({"blank": ["", "-", "NA"], "utc_offset": draft["utc"]}),
        *_pairs({"date_order": draft["date_order"], "decimal_mark": draft["decimal_mark"]}),
        "",
        "[left_out]",
        *(f"{_quoted(header)} = {_quoted(reason)}" for header, reason in left_out.items()),
        "",
        "[uris]",
        *_pairs(draft["uris"]),
    ]
    for event in draft["events"]:
        lines += ["", "[[events]]", *_pairs(event)]
    for name, one in draft["fields"].items():
        match = next(
            (found for found in matches.values() if table.columns[found.column] == one["columns"][0]), None
        )
        lines += ["", f"[fields.{name}]"]
        if match is not None:
            sure = "sure" if match.score >= 0.9 else "likely" if match.score >= 0.7 else "a guess"
            lines.append(f"# {sure}: {match.readable} of {match.cells} cells looked at can be read")
        lines += _pairs(one)
    return "\n".join(lines) + "\n"


def _pairs(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None and value is not False:
            yield f"{name} = {_quoted(value)}"


def _quoted(value: Any) -> str:
    # JSON leaves U+007F as it is, which TOML does not.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
