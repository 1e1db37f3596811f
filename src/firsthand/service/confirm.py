"""Confirming what a cooperative recorded for its members: one-time codes, cards, counter-signatures.

The code of a receipt is made from a secret of the keystore and the delivery's URI, so that it is stored
nowhere and a lost receipt can be printed again; whoever holds the keystore could therefore use it. The
codes of a card are random and forgotten when the card is printed: of those the cooperative keeps only what
it cannot compute a code from.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert

from firsthand.errors import Conflict, InvalidInput, NotFound, Unauthorized
from firsthand.events.event_hash import HashContext
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.deliveries import CARD_CODE, Delivery, DeliveryBook
from firsthand.ledger.members import Member
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.capture import event_leaf
from firsthand.proof.confirmation import (
    ACKNOWLEDGEMENT,
    CARD,
    COUNTER_SIGNATURE,
    MAX_CODES,
    MAX_LEAVES,
    check_confirmation,
    commitment,
    parse_confirmation,
)
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.fields import base64_text
from firsthand.proof.one_time_code import BITS, code_of, read_code
from firsthand.proof.parties import Party
from firsthand.service.capture import event_ids_of
from firsthand.service.receipts import sign_receipt
from firsthand.service.workspace import Workspace

__all__ = [
    "Card",
    "Confirmed",
    "acknowledge",
    "countersign",
    "countersignatures_to_sign",
    "issue_card",
    "receipt_code",
    "receipt_codes",
    "submit_countersignature",
]

_SECRET: Final = "acknowledgement"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A journaled confirmation: where it stands, of how many events, and the log's receipt."""

    place: int
    events: int
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is printed, once: its URI, and its codes in their order."""

    uri: str
    member: Member
    codes: tuple[str, ...]


def receipt_code(workspace: Workspace, subject: str) -> str:
    """The one-time code of a receipt: HMAC-SHA-256 over its subject with a secret of the keystore."""
    return receipt_codes(workspace)(subject)


def receipt_codes(workspace: Workspace) -> Callable[[str], str]:
    """What makes the codes of many receipts, the secret being read once."""
    if _SECRET not in workspace.keystore.names():
        workspace.keystore.put(_SECRET, secrets.token_bytes(32))
    secret = workspace.keystore.get(_SECRET)
    return lambda subject: code_of(hmac.digest(secret, subject.encode(), "sha256")[: BITS // 8])


def acknowledge(workspace: Workspace, code: str, number: int | None = None) -> tuple[Delivery, Confirmed]:
    """Journal that a delivery was acknowledged by its code.

    `code` is as typed, or as scanned (`SUBJECT#CODE`, which names the delivery by itself). Raises
    InvalidInput when it does not fit, NotFound when nothing says which delivery is meant, Conflict when it
    was used before.
    """
    subject, _, typed = code.strip().rpartition("#")
    read = read_code(typed)
    book = DeliveryBook(workspace.engine)
    if number is not None:
        delivery = book.get(number)
    elif subject:
        delivery = book.by_subject(subject)
    else:
        raise NotFound("which delivery does this code acknowledge? Give its number, too")
    if delivery.reversed is not None:
        raise Conflict(
            f"delivery {delivery.number} was reversed, place {delivery.reversed} in the log: "
            "there is nothing to acknowledge"
        )
    _, _, body = workspace.journal.event(delivery.first_event + delivery.events - 1)
    cooperative = workspace.parties.get(delivery.cooperative)
    if cooperative is None:
        raise NotFound(f"the cooperative {delivery.cooperative} is not registered here")
    created = workspace.now()
    document = {
        "type": ACKNOWLEDGEMENT,
        "issuer": cooperative.uri,
        "created": created,
        "event": base64_text(delivery.leaf),
        "code": read,
    }
    try:
        check_confirmation(parse_confirmation(document), parse_canonical(body))
    except InvalidInput:
        where = f"on the card ({delivery.subject})" if delivery.by_card else "on its receipt"
        raise InvalidInput(
            f"this is not the code of delivery {delivery.number}; its code stands {where}"
        ) from None
    for place, kind, _ in workspace.confirmations.of([delivery.leaf]).get(delivery.leaf, ()):
        if kind == ACKNOWLEDGEMENT:
            raise Conflict(f"delivery {delivery.number} was acknowledged already: place {place} in the log")
    key = workspace.held_key(cooperative.keys)
    signed = secure(document, key, created)
    entry = NewEntry(ACKNOWLEDGEMENT, cooperative.uri, canonical(signed), key.did)
    (appended,) = workspace.journal.append([entry])
    return delivery, Confirmed(appended.place, 1, sign_receipt(workspace, appended))


def issue_card(workspace: Workspace, member: Member, codes: int = 50) -> Card:
    """A new card for a member: its commitments are journaled, its codes returned and kept nowhere.

    Raises InvalidInput for a number of codes that no card has, Unauthorized when the key is not here.
    """
    if not 1 <= codes <= MAX_CODES:
        raise InvalidInput(f"a card has 1 to {MAX_CODES} codes, not {codes}")
    cooperative = workspace.parties.find(member.cooperative)
    uri = f"{workspace.settings.uri.rstrip('/')}/id/card/{secrets.token_hex(8)}"
    made = tuple(code_of(secrets.token_bytes(BITS // 8)) for _ in range(codes))
    committed = [commitment(f"{uri}#{position}", code) for position, code in enumerate(made, 1)]
    created = workspace.now()
    document = {
        "type": CARD,
        "issuer": cooperative.uri,
        "created": created,
        "member": member.uri,
        "card": uri,
        "commitments": [base64_text(digest) for digest in committed],
    }
    key = workspace.held_key(cooperative.keys)
    entry = NewEntry(CARD, cooperative.uri, canonical(secure(document, key, created)), key.did)

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        rows = [
            {"card": uri, "position": position, "member": member.uri, "commitment": digest, "delivery": None}
            for position, digest in enumerate(committed, 1)
        ]
        connection.execute(insert(CARD_CODE), rows)

    workspace.journal.append([entry], also)
    return Card(uri, member, made)


def countersign(workspace: Workspace, member: Member, event_ids: Sequence[str] = ()) -> list[Confirmed]:
    """Sign, with a key of the member's that is held here, what was recorded for them: all, or these events.

    What they counter-signed before is left out. Raises NotFound when nothing is left or an event was not
    recorded for them, Unauthorized when they have no key.
    """
    party = _registered(workspace, member)
    key = workspace.held_key(party.keys)
    entries = []
    counts = []
    for document in countersignatures_to_sign(workspace, member, event_ids):
        signed = secure(document, key, document["created"])
        entries.append(NewEntry(COUNTER_SIGNATURE, party.uri, canonical(signed), key.did))
        counts.append(len(document["events"]))
    appended = workspace.journal.append(entries)
    return [
        Confirmed(one.place, count, sign_receipt(workspace, one))
        for one, count in zip(appended, counts, strict=True)
    ]


def countersignatures_to_sign(
    workspace: Workspace, member: Member, event_ids: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The documents that `countersign` would sign, for a key that is held elsewhere. Raises as it does."""
    party = _registered(workspace, member)
    leaves = _recorded_for(workspace, member, event_ids)
    done = workspace.confirmations.of(list(leaves))
    left = [
        leaf
        for leaf in leaves
        if not any(
            kind == COUNTER_SIGNATURE and issuer == party.uri for _, kind, issuer in done.get(leaf, ())
        )
    ]
    if not left:
        raise NotFound(f"nothing is left for {party.name} to counter-sign")
    created = workspace.now()
    return [
        {
            "type": COUNTER_SIGNATURE,
            "issuer": party.uri,
            "created": created,
            "events": [base64_text(leaf) for leaf in left[at : at + MAX_LEAVES]],
        }
        for at in range(0, len(left), MAX_LEAVES)
    ]


def submit_countersignature(workspace: Workspace, document: dict[str, Any]) -> Confirmed:
    """Journal a counter-signature that was signed elsewhere.

    Raises InvalidInput when its signature does not fit, Unauthorized when its key does not speak for its
    issuer, NotFound when one of its events was not recorded for the issuer.
    """
    stated = parse_confirmation(document)
    if stated.kind != COUNTER_SIGNATURE:
        raise InvalidInput(f"expected {COUNTER_SIGNATURE}, got {stated.kind}", "$.type")
    key = verify_proof(document).did
    party = workspace.parties.require_key(stated.issuer, key)
    member = workspace.members.get(party.uri)
    if member is None:
        raise NotFound(f"{party.uri} is no member of a cooperative here")
    uris = [uri for one in workspace.members.family(member) for uri in one.identifiers]
    recorded = {
        event_leaf(parse_canonical(workspace.journal.event(number)[2]))
        for number in workspace.index.on_behalf_of(uris)
    }
    unknown = set(stated.leaves) - recorded
    if unknown:
        raise NotFound(f"{len(unknown)} of its events were not recorded for {party.name} in this log")
    entry = NewEntry(COUNTER_SIGNATURE, party.uri, canonical(document), key)
    (appended,) = workspace.journal.append([entry])
    return Confirmed(appended.place, len(stated.leaves), sign_receipt(workspace, appended))


def _registered(workspace: Workspace, member: Member) -> Party:
    for uri in reversed(member.identifiers):
        party = workspace.parties.get(uri)
        if party is not None and party.keys:
            return party
    raise Unauthorized(
        f"member {member.record.number} has no key yet; register one with `firsthand member link`"
    )


def _recorded_for(workspace: Workspace, member: Member, event_ids: Sequence[str]) -> list[bytes]:
    """The leaves of the events that were recorded for a member and stand uncorrected, or of these."""
    uris = [uri for one in workspace.members.family(member) for uri in one.identifiers]
    own = workspace.index.on_behalf_of(uris)
    if event_ids:
        return [leaf for event_id in event_ids for leaf in _leaves_of(workspace, member, set(own), event_id)]
    leaves: dict[str, list[bytes]] = {}
    corrected: set[str] = set()
    for number in own:
        event = parse_canonical(workspace.journal.event(number)[2])
        event_id = event_ids_of(event, HashContext.of(event.get("@context", ())))[0]
        leaves.setdefault(event_id, []).append(event_leaf(event))
        if "errorDeclaration" in event:
            corrected.add(event_id)
    standing = [leaf for event_id, group in leaves.items() if event_id not in corrected for leaf in group]
    return list(dict.fromkeys(standing))


def _leaves_of(workspace: Workspace, member: Member, own: set[int], event_id: str) -> list[bytes]:
    found = [number for number in workspace.index.by_event_id(event_id) if number in own]
    if not found:
        raise NotFound(f"no event {event_id} was recorded for member {member.record.number}")
    return [event_leaf(parse_canonical(workspace.journal.event(number)[2])) for number in found]
