"""Consents: what a maker agreed to disclose, to whom, for what and until when, journaled and withdrawn.

The journal may be published, so a consent stands in it sealed: that there is one, whose, and from which place
on can be shown to anybody, what it says only to whom its members are disclosed. Here they are kept encrypted.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, select, update

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.events.seal import SEALED
from firsthand.identity.sealing_keys import field_box, open_box
from firsthand.identity.signing import secure
from firsthand.journal.database import reading
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.event_search import FoundEvent
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.disclosure import digest_of, make_disclosure, open_event
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import leaf_hash
from firsthand.service.sealed_values import HeldField, held_fields, speaks_for
from firsthand.service.tables import CONSENT
from firsthand.service.workspace import Workspace

__all__ = ["PUBLIC", "Consent", "Terms", "consents", "disclosed_to", "give", "public_disclosures", "withdraw"]

CONSENT_TYPE: Final = "Consent"
WITHDRAWAL_TYPE: Final = "ConsentWithdrawal"
PUBLIC: Final = "public"

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Terms:
    """To whom (a party's URI, or `public`), for what, and up to and including which day (UTC)."""

    to: str
    purpose: str | None = None
    until: str | None = None

    def check(self, today: str) -> None:
        """Raises InvalidInput when they cannot be."""
        if self.to != PUBLIC and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", self.to):
            raise InvalidInput(f"{self.to!r} is no party's URI")
        if self.purpose is not None and not (self.purpose.isprintable() and 0 < len(self.purpose) <= 200):
            raise InvalidInput("a purpose has 1 to 200 printable characters")
        if self.until is not None:
            try:
                fits = bool(_DAY.fullmatch(self.until)) and date.fromisoformat(self.until) is not None
            except ValueError:
                fits = False
            if not fits or self.until < today:
                raise InvalidInput(f"expected a day from {today} on, such as 2027-12-31, got {self.until!r}")


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent at its place in the log; `withdrawn` is the place of its withdrawal.

    `digests` are those of the disclosed fields, `paths` where they stand in the event.
    """

    place: int
    issuer: str
    created: str
    number: int
    event_id: str
    paths: tuple[str, ...]
    digests: tuple[str, ...]
    terms: Terms
    withdrawn: int | None

    def state(self, today: str) -> str:
        """`in force`, `ended` or `withdrawn`, on a day (YYYY-MM-DD, UTC)."""
        if self.withdrawn is not None:
            return "withdrawn"
        return "ended" if self.terms.until is not None and self.terms.until < today else "in force"


def give(workspace: Workspace, chosen: Sequence[tuple[int, Sequence[HeldField]]], terms: Terms) -> list[int]:
    """Journal a consent for each event, by its number, and its chosen fields; the places of the consents.

    Signed by each event's issuer, all or none. Raises Unauthorized or NotFound when this workspace cannot
    sign for one.
    """
    terms.check(workspace.now()[:10])
    entries: list[NewEntry] = []
    rows: list[dict[str, Any]] = []
    for number, fields in chosen:
        entry, _, body = workspace.journal.event(number)
        members = {
            "event": base64_text(leaf_hash(body)),
            "fields": sorted({digest_of(field.text) for field in fields}),
            "to": terms.to,
            "purpose": terms.purpose,
            "until": terms.until,
        }
        made = [make_disclosure(secrets.token_bytes(16), name, value) for name, value in members.items()]
        document = {SEALED: sorted(one.digest for one in made)}
        entries.append(_entry(workspace, CONSENT_TYPE, entry.issuer, document))
        key = secrets.token_bytes(16)
        detail = canonical(
            {"disclosures": sorted(one.text for one in made), "paths": sorted({one.path for one in fields})}
        )
        box = field_box(workspace.sealing_keys.new(key), detail, key)
        rows.append({"issuer": entry.issuer, "event": number, "key": key, "box": box})

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        placed = [
            {**row, "place": one.place, "leaf": one.leaf} for row, one in zip(rows, appended, strict=True)
        ]
        connection.execute(CONSENT.insert(), placed)

    return [one.place for one in workspace.journal.append(entries, also)]


def withdraw(workspace: Workspace, place: int) -> int:
    """Journal that the consent at this place is withdrawn; the place of the withdrawal.

    Raises NotFound when there is no such consent, Conflict when it is withdrawn already.
    """
    with reading(workspace.engine) as connection:
        row = connection.execute(select(CONSENT).where(CONSENT.c.place == place)).first()
    if row is None:
        raise NotFound(f"there is no consent at place {place}; see `firsthand consent list`")
    if row.withdrawn is not None:
        raise Conflict(f"the consent at place {place} is withdrawn since place {row.withdrawn}")
    entry = _entry(workspace, WITHDRAWAL_TYPE, row.issuer, {"consent": base64_text(row.leaf)})

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        withdrawn = {"withdrawn": appended[0].place}
        connection.execute(update(CONSENT).where(CONSENT.c.place == place).values(**withdrawn))

    (appended,) = workspace.journal.append([entry], also)
    return appended.place


def consents(workspace: Workspace, party: str | None = None, event: int | None = None) -> Iterator[Consent]:
    """The consents, in the order of the log; of one maker's events, or about one event, when given."""
    query = select(CONSENT).order_by(CONSENT.c.place)
    if event is not None:
        query = query.where(CONSENT.c.event == event)
    with reading(workspace.engine) as connection:
        rows = connection.execute(query).all()
    for row in rows:
        entry, _, body = workspace.journal.event(row.event)
        about = parse_canonical(body)
        if party is None or speaks_for(party, entry.issuer, about):
            yield _consent(workspace, row, about)


def public_disclosures(workspace: Workspace, number: int) -> list[str]:
    """The disclosures of an event that anybody may see now, in ascending order."""
    return disclosed_to(workspace, number, PUBLIC)


def disclosed_to(workspace: Workspace, number: int, party: str) -> list[str]:
    """The disclosures of an event that a party may see now by consent, what is public included."""
    today = workspace.now()[:10]
    allowed = {
        digest
        for consent in consents(workspace, event=number)
        if consent.terms.to in (party, PUBLIC) and consent.state(today) == "in force"
        for digest in consent.digests
    }
    if not allowed:
        return []
    return sorted(field.text for field in held_fields(workspace, number) if digest_of(field.text) in allowed)


def _entry(workspace: Workspace, kind: str, issuer: str, members: dict[str, Any]) -> NewEntry:
    party = workspace.parties.get(issuer)
    if party is None:
        raise NotFound(f"no party {issuer} stands in the log")
    key = workspace.held_key(party.keys)
    created = workspace.now()
    document = {"type": kind, "issuer": issuer, "created": created, **members}
    return NewEntry(kind, issuer, canonical(secure(document, key, created)), key.did)


def _consent(workspace: Workspace, row: Any, about: dict[str, Any]) -> Consent:
    (entry,) = workspace.journal.entries(row.place, row.place + 1)
    document = parse_canonical(entry.document)
    detail = parse_canonical(open_box(workspace.sealing_keys.secret(row.key, 0), row.box, row.key))
    told = open_event(document, detail["disclosures"]).event
    return Consent(
        row.place,
        row.issuer,
        document["created"],
        row.event,
        FoundEvent(row.event, about, "").event_id,
        tuple(detail["paths"]),
        tuple(told["fields"]),
        Terms(told["to"], told["purpose"], told["until"]),
        row.withdrawn,
    )
