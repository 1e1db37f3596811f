"""The intake: deliveries that a cooperative's clerk weighs, recorded on their members' behalf.

One or many deliveries are one capture, signed by the cooperative; the events name the member
(`fh:onBehalfOf`). What is owed for them is booked in the same database transaction: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from firsthand.errors import Conflict, InvalidInput
from firsthand.events.event_hash import HashContext
from firsthand.journal.protocol import Appended
from firsthand.journal.store import ENTRY
from firsthand.ledger.accounts import AccountBook, Season
from firsthand.ledger.deliveries import CARD_CODE, DELIVERY, Delivery, DeliveryBook
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.parties import Party
from firsthand.service.accounts import Moved, book, reversal_of, with_retries
from firsthand.service.capture import Captured, capture_events, event_ids_of, prepare, seen_block
from firsthand.service.intake_draft import AlreadyRecorded, Draft, Drafting, Line, Terms
from firsthand.service.workspace import Workspace

__all__ = ["AlreadyRecorded", "Line", "Taken", "Terms", "reverse_delivery", "take"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the lines: the new deliveries, remarks on unusual ones, and their capture."""

    deliveries: list[Delivery]
    remarks: list[str]
    captured: Captured


@dataclass(frozen=True, slots=True)
class _State:
    """The books as they are before anything is reckoned from them."""

    number: int
    mark: int

    @classmethod
    def of(cls, workspace: Workspace) -> _State:
        number = DeliveryBook(workspace.engine).last_number()
        return cls(number, AccountBook(workspace.engine).mark())


def take(workspace: Workspace, cooperative: Party, terms: Terms, lines: Sequence[Line]) -> Taken:
    """Record these deliveries: all or none.

    Raises InvalidInput with the number of the line (`line 3`), NotFound for an unknown member,
    AlreadyRecorded for a delivery that stands in the book, Unauthorized when the key is not here.
    """
    if not lines:
        raise InvalidInput("there are no deliveries to record")

    def attempt() -> Taken:
        state = _State.of(workspace)
        draft = Drafting(workspace, cooperative, terms, state.number).draft(lines)
        return _append(workspace, cooperative, terms.season, state, draft)

    return with_retries(attempt)


def reverse_delivery(
    workspace: Workspace,
    cooperative: Party,
    number: int,
    reason: str,
    *,
    instead: tuple[Terms, Line] | None = None,
) -> Taken:
    """Take a delivery back, by an EPCIS error declaration and reversed entries; nothing is overwritten.

    `instead` is recorded in its place, in the same capture. Raises Conflict when it was reversed already.
    """

    def attempt() -> Taken:
        state = _State.of(workspace)
        wrong = DeliveryBook(workspace.engine).get(number)
        if wrong.cooperative != cooperative.uri:
            raise Conflict(f"delivery {number} is not in the book of {cooperative.name}")
        if wrong.reversed is not None:
            raise Conflict(f"delivery {number} was reversed already: place {wrong.reversed} in the log")
        season = AccountBook(workspace.engine).season(cooperative.uri, wrong.season)
        draft = Draft()
        if instead is not None:
            terms, line = instead
            if terms.season != season:
                raise InvalidInput(f"delivery {number} is of season {season.name}; so is what replaces it")
            draft = Drafting(workspace, cooperative, terms, state.number, replaced=number).draft([line])
        _declare_error(workspace, wrong, reason, draft)
        draft.reversed.append((number, reason, state.number + 1 if instead else None))
        return _append(workspace, cooperative, season, state, draft)

    return with_retries(attempt)


def _declare_error(workspace: Workspace, wrong: Delivery, reason: str, draft: Draft) -> None:
    """Put the error declarations (EPCIS 2.0 §7.4.1.2) and the opposite entries of a delivery into a draft."""
    now = workspace.now()
    corrective = [[event_ids_of(event, HashContext.of(event["@context"]))[0]] for event in draft.events]
    for at in range(wrong.events):
        _, _, body = workspace.journal.event(wrong.first_event + at)
        declaration: dict[str, Any] = {
            "declarationTime": now,
            "reason": "incorrect_data" if draft.rows else "did_not_occur",
        }
        if at < len(corrective):
            declaration["correctiveEventIDs"] = corrective[at]
        draft.events.append({**parse_canonical(body), "errorDeclaration": declaration})
    accounts = AccountBook(workspace.engine)
    entries = accounts.entries(season=wrong.season, reference=f"delivery {wrong.number}")
    undone = accounts.reversed_by([entry.id for entry in entries])
    draft.postings[:0] = [
        reversal_of(entry, now[:10], reason)
        for entry in entries
        if entry.reverses is None and entry.id not in undone
    ]


def _append(workspace: Workspace, cooperative: Party, season: Season, state: _State, draft: Draft) -> Taken:
    booking = None
    if draft.postings:
        booking = book(workspace, cooperative, season, draft.postings, state.mark)

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        if DeliveryBook.last_number_in(connection) != state.number:
            raise Moved("another delivery was recorded meanwhile")
        if booking is not None:
            booking.store(connection, appended[0])
        _store(connection, draft, appended[-1])

    captured = capture_events(
        workspace,
        prepare(draft.events),
        cooperative.uri,
        workspace.held_key(cooperative.keys),
        after=seen_block(workspace),
        alongside=[booking.document] if booking else [],
        also=also,
    )
    made = DeliveryBook(workspace.engine).numbered(state.number + 1, state.number + len(draft.rows))
    return Taken(made, draft.remarks, captured)


def _store(connection: Connection, draft: Draft, capture: Appended) -> None:
    first = connection.execute(select(ENTRY.c.first_event).where(ENTRY.c.place == capture.place)).scalar_one()
    if draft.rows:
        rows = [
            row | {"place": capture.place, "first_event": first + row["first_event"]} for row in draft.rows
        ]
        connection.execute(insert(DELIVERY), rows)
    for card, position, number in draft.cards:
        code = (CARD_CODE.c.card == card) & (CARD_CODE.c.position == position)
        taken = update(CARD_CODE).where(code & CARD_CODE.c.delivery.is_(None)).values(delivery=number)
        if connection.execute(taken).rowcount != 1:
            raise Moved("the card's code was taken meanwhile")
    for number, reason, instead in draft.reversed:
        wrong = (DELIVERY.c.number == number) & DELIVERY.c.reversed.is_(None)
        values = {"reversed": capture.place, "reason": reason, "instead": instead}
        if connection.execute(update(DELIVERY).where(wrong).values(**values)).rowcount != 1:
            raise Moved(f"delivery {number} was reversed meanwhile")
