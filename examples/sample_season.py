"""What the sample seasons share: events of a craft's steps, handovers, and the files they are written to.

No clock and no chance take part: the same code writes the same bytes. Everything in a season is invented and
says so: parties are called Sample, and each event carries `fh:sample`.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firsthand.profiles import Profile, load_profile

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
Event = dict[str, Any]


def spread(seed: int, low: int, high: int) -> int:
    """A number from low to high that looks irregular and is always the same for a seed."""
    return low + (seed * 7919 + seed * seed * 104729) % 9973 % (high - low + 1)


def quantity(value: float, uom: str) -> dict[str, Any]:
    """A quantity as the profiles write it."""
    return {"fh:value": value, "fh:uom": uom}


def price(value: float, per: str) -> dict[str, Any]:
    """A price as the profiles write it."""
    return {"fh:value": value, "fh:currency": "USD", "fh:per": per}


def sha256_uri(text: str) -> str:
    """The `ni` URI of a file with this text (RFC 6920 §3), as a photograph stands in an event."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"ni:///sha-256;{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@dataclass(frozen=True, slots=True)
class Party:
    """Someone who signs: the key of the URI, the name, the role."""

    key: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A file of a season: its name, the name of the party that signs it, a mapping if it is a sheet."""

    path: str
    signed_by: str
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Fraud:
    """Events on top of an honest season, by file, and the finding that they must cause.

    `also` are findings that cannot but come with it.
    """

    name: str
    finding: str
    about: str
    files: Sequence[tuple[str, list[Event]]]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Season:
    """The URIs and events of one craft's season, under the operator's base URI."""

    craft: str
    base: str
    profile: Profile = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", load_profile(self.craft))

    def uri(self, kind: str, name: str) -> str:
        """A URI under the base, such as `uri("lot", "green:S25-A")`."""
        return f"{self.base}/id/{kind}/{name}"

    def event(self, when: str, step: str, place: str, **fields: Any) -> Event:
        """An event of a step at a minute (`2026-01-20T07:00`, UTC) and a place, marked as a sample."""
        form = self.profile.steps[step]
        action = {"action": form.action} if form.action else {}
        disposition = {"disposition": form.disposition} if form.disposition else {}
        return {
            "@context": CONTEXT,
            "type": form.type,
            "eventTime": f"{when}:00Z",
            "eventTimeZoneOffset": "+00:00",
            **action,
            "bizStep": form.biz_step,
            **disposition,
            "readPoint": {"id": self.uri("place", place)},
            "fh:profile": self.craft,
            "fh:step": step,
            "fh:sample": True,
            **fields,
        }

    def amount(self, lot: str, value: float, uom: str = "KGM") -> dict[str, Any]:
        """A quantity element: so much of a lot."""
        return {"epcClass": self.uri("lot", lot), "quantity": value, "uom": uom}

    def moved(self, giver: str, taker: str) -> dict[str, Any]:
        """Who handed over to whom."""
        return {
            "sourceList": [{"type": "possessing_party", "source": self.uri("party", giver)}],
            "destinationList": [{"type": "possessing_party", "destination": self.uri("party", taker)}],
        }

    def write(self, folder: Path, parties: Iterable[Party], files: Iterable[Signed]) -> None:
        """Write `season.toml`: the parties, and the files in the order in which they are recorded."""
        lines = [
            "# The sample season: who takes part, and which files they sign, in order. All is invented.",
            f'base = "{self.base}"',
            f'profile = "{self.craft}"',
        ]
        for party in parties:
            lines += ["", "[[parties]]", f'name = "{party.name}"', f'role = "{party.role}"']
            lines.append(f'uri = "{self.uri("party", party.key)}"')
        for file in files:
            lines += ["", "[[files]]", f'path = "{file.path}"', f'signed_by = "{file.signed_by}"']
            lines += [f'mapping = "{file.mapping}"'] if file.mapping else []
        write_text(folder / "season.toml", "\n".join(lines) + "\n")

    def write_frauds(self, folder: Path, frauds: Iterable[Fraud]) -> None:
        """Write `frauds/`: each fraud's files, `frauds.toml` and a README with the same table."""
        folder = folder / "frauds"
        folder.mkdir(exist_ok=True)
        plan = ["# Planted frauds: what to record on top of the season, and which finding it must cause."]
        rows = []
        for fraud in frauds:
            names = [
                f"{fraud.name}.json" if len(fraud.files) == 1 else f"{fraud.name}-{number}.json"
                for number in range(1, len(fraud.files) + 1)
            ]
            files = []
            for name, (signed_by, events) in zip(names, fraud.files, strict=True):
                write_events(folder / name, events)
                files.append(f'  {{ path = "{name}", signed_by = "{signed_by}" }},')
            plan += ["", "[[frauds]]", f'finding = "{fraud.finding}"', f'about = "{fraud.about}"']
            plan += [f"also = {json.dumps(list(fraud.also))}"] if fraud.also else []
            plan += ["files = [", *files, "]"]
            also = f" (and with it {', '.join(f'`{name}`' for name in fraud.also)})" if fraud.also else ""
            rows.append(
                f"| {', '.join(f'`{name}`' for name in names)} | {fraud.about} | `{fraud.finding}`{also} |"
            )
        write_text(folder / "frauds.toml", "\n".join(plan) + "\n")
        head = FRAUDS_README.format(craft=self.craft)
        write_text(folder / "README.md", "\n".join([head, *rows]) + "\n")


FRAUDS_README = """\
# Planted frauds

**Invented, like the {craft} season they are planted in.** Each is recorded on top of the honest season
and must cause its finding in `firsthand balance`; the honest season causes none. `../make.py` writes them
again, byte for byte.

| recorded | what it says | finding |
| --- | --- | --- |"""


def write_text(path: Path, text: str) -> None:
    """UTF-8 with line feeds on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_events(path: Path, events: list[Event]) -> None:
    """One EPCISDocument, one event a line; the context stands in the document."""
    bare = [{key: value for key, value in one.items() if key != "@context"} for one in events]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in bare)
    created = max(one["eventTime"] for one in events)
    head = json.dumps(
        {"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": created}
    )
    write_text(path, f'{head[:-1]}, "epcisBody": {{"eventList": [\n{lines}\n]}}}}\n')


def write_sheet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A CSV sheet as a clerk keeps it, its header from the first row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def picture(title: str, shape: str) -> str:
    """A drawing that stands for a photograph, as SVG."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" role="img">'
        f"<title>{title}: a drawing in place of a photograph</title>{shape}</svg>\n"
    )
