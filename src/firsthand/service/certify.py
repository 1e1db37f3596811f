"""Certifying: credentials issued, revoked and suspended, each journaled before anybody is told of it.

The way of a certificate: fill in → hold to its type → take a seat on the status lists → sign → journal the
digest → keep. What it says is kept in this workspace only and handed over by its holder.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from firsthand.errors import InvalidInput, NotFound, Unauthorized
from firsthand.identity.credentials import certificate_document, status_member
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.credentials import KeptCredential
from firsthand.profiles import Profile
from firsthand.profiles.profile import PREFIX
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.capture import SeenBlock
from firsthand.proof.credential import (
    MAX_CREDENTIAL,
    CertificateType,
    StatusEntry,
    check_type,
    parse_credential,
)
from firsthand.proof.credential_record import RECORD_TYPE, CredentialRecord, record_document
from firsthand.proof.merkle import leaf_hash, tree_root
from firsthand.proof.parties import Party
from firsthand.service.certificate_types import PREFIXES, certificate_types, elements_of
from firsthand.service.receipts import sign_receipt
from firsthand.service.status_lists import StatusMade, change_status, is_set, take_seats
from firsthand.service.workspace import Workspace

__all__ = [
    "Issued",
    "OnRecord",
    "Wanted",
    "credential_url",
    "find_credential",
    "issue",
    "issue_certificates",
    "put_on_record",
    "read_moment",
    "set_status",
    "workspace_subject",
]


_FOR_GOOD: Final = "a revocation is for good; issue the certificate anew"
_MEMBERS: Final = frozenset(("type", "subject", "elements", "validFrom", "validUntil"))


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A certificate to be issued: its elements by their full names, its times as RFC 3339."""

    kind: CertificateType
    profile: str
    subject: str
    elements: Mapping[str, Any]
    valid_from: str
    valid_until: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials put on record together: their place, the log's receipt, and whether they are new."""

    credentials: tuple[KeptCredential, ...]
    place: int
    new: bool
    receipt: dict[str, Any]


class OnRecord(msgspec.Struct, frozen=True, gc=False):
    """A secured credential to be put on record, with what it is kept by."""

    document: bytes
    id: str
    issuer: str
    key: str
    subjects: tuple[str, ...]
    kind: CertificateType | None
    profile: str


def issue_certificates(
    workspace: Workspace,
    issuer: str,
    profile: str,
    requests: Sequence[Mapping[str, Any]],
    *,
    after: SeenBlock | None = None,
) -> Issued:
    """Issue certificates of a craft as a party of this workspace, all of them or none.

    Each request has `type` and `subject` and may have `elements` (by their names in the profile), `validFrom`
    and `validUntil` (dates or times). Raises InvalidInput with the path of what is wrong in which.
    """
    try:
        craft = workspace.profile(profile)
    except NotFound as error:
        raise InvalidInput(str(error), "$.profile") from None
    types = certificate_types(craft)
    wanted = []
    for number, request in enumerate(requests):
        try:
            wanted.append(_wanted(workspace, craft, types, request))
        except InvalidInput as error:
            raise InvalidInput(error.reason, f"$[{number}]{error.path.removeprefix('$')}") from None
    return issue(workspace, issuer, wanted, after=after)


def issue(
    workspace: Workspace, issuer: str, wanted: Sequence[Wanted], *, after: SeenBlock | None = None
) -> Issued:
    """Issue certificates as a party of this workspace, all of them or none, under one record.

    Raises InvalidInput naming what does not fit the type, Unauthorized when the party is no certifier,
    NotFound when its key is not held here.
    """
    party = workspace.parties.find(issuer)
    if "certifier" not in party.roles:
        raise Unauthorized(f"{party.name} is no certifier; its roles are {', '.join(party.roles)}")
    if not wanted:
        raise InvalidInput("there is no certificate to issue", "$")
    key = workspace.held_key(party.keys)
    # Before a seat is taken or anything signed, all are known to be good.
    documents = [_document(workspace, one, party.uri) for one in wanted]
    parties = workspace.parties.current()
    for number, (one, document) in enumerate(zip(wanted, documents, strict=True)):
        _check(parties.party(one.subject), one, document, number)
    created = workspace.now()
    seats = take_seats(workspace, party.uri, key, len(wanted))
    made = []
    for one, document, taken in zip(wanted, documents, seats, strict=True):
        body = canonical(secure({**document, **status_member(taken)}, key, created))
        if len(body) > MAX_CREDENTIAL:
            raise InvalidInput(f"a credential has at most {MAX_CREDENTIAL} bytes, got {len(body)}")
        made.append(OnRecord(body, document["id"], party.uri, key.did, (one.subject,), one.kind, one.profile))
    return put_on_record(workspace, party.uri, key, made, after=after)


def put_on_record(
    workspace: Workspace,
    issuer: str,
    key: SigningKey,
    credentials: Sequence[OnRecord],
    *,
    resolved: Mapping[str, str] | None = None,
    after: SeenBlock | None = None,
) -> Issued:
    """Journal the digest of secured credentials as a party, and keep them.

    The same credentials of the same party again are answered with the first place.
    """
    leaves = [leaf_hash(one.document) for one in credentials]
    created = workspace.now()
    record = CredentialRecord(issuer, len(leaves), tree_root(leaves), dict(resolved or {}), after)
    signed = secure(record_document(record, created), key, created)
    entry = NewEntry(RECORD_TYPE, issuer, canonical(signed), key.did, record.root)
    kept: list[KeptCredential] = []

    def store(connection: Connection, appended: Sequence[Appended]) -> None:
        kept.extend(
            KeptCredential(
                leaf=leaf,
                id=one.id,
                type=one.kind.name if one.kind else "",
                profile=one.profile,
                issuer=one.issuer,
                key=one.key,
                place=appended[-1].place,
                position=position,
                confidential=one.kind.confidential if one.kind else True,
                document=one.document,
            )
            for position, (leaf, one) in enumerate(zip(leaves, credentials, strict=True))
        )
        if appended[-1].new:
            workspace.credentials.keep(connection, kept, [one.subjects for one in credentials])

    appended = workspace.journal.append([entry], store)[-1]
    return Issued(tuple(kept), appended.place, appended.new, sign_receipt(workspace, appended))


def set_status(
    workspace: Workspace,
    issuer: str,
    credential_ids: Sequence[str],
    purpose: str,
    value: bool,
    *,
    after: SeenBlock | None = None,
) -> list[StatusMade]:
    """Revoke (`revocation`, True), suspend (`suspension`, True) or reinstate (`suspension`, False).

    A revocation is for good. Raises NotFound for a credential that is not here, Unauthorized when it is of
    another issuer, InvalidInput when it names no list for the purpose or stands so already.
    """
    party = workspace.parties.find(issuer)
    if purpose == "revocation" and not value:
        raise InvalidInput(_FOR_GOOD)
    entries: list[StatusEntry] = []
    names: list[str] = []
    for credential_id in credential_ids:
        kept = find_credential(workspace, credential_id)
        if kept.issuer != party.uri:
            raise Unauthorized(f"{kept.id} was issued by {kept.issuer}, not by {party.uri}")
        status = parse_credential(parse_canonical(kept.document)).status
        of_purpose = [entry for entry in status if entry.purpose == purpose]
        if not of_purpose:
            raise InvalidInput(f"{kept.id} names no list for {purpose}")
        revoked = [entry for entry in status if entry.purpose == "revocation"]
        if not value and any(is_set(workspace, party.uri, entry) for entry in revoked):
            raise InvalidInput(f"{kept.id} was revoked: {_FOR_GOOD}")
        entries += of_purpose
        names.append(kept.id)
    made = change_status(workspace, party.uri, entries, value, after)
    if not made:
        stands = "not suspended" if not value else "revoked" if purpose == "revocation" else "suspended"
        raise InvalidInput(f"{stands} already, so there is nothing to change: {', '.join(names)}")
    return made


def find_credential(workspace: Workspace, credential_id: str) -> KeptCredential:
    """The credential of that ID, or of that last part of an ID of ours; the newest where it was reissued.

    Raises NotFound.
    """
    for candidate in (credential_id, credential_url(workspace, credential_id)):
        found = workspace.credentials.by_id(candidate)
        if found:
            return found[-1]
    raise NotFound(f"no credential {credential_id!r} is kept here")


def credential_url(workspace: Workspace, name: str) -> str:
    """The ID of a credential issued here: a stable URL."""
    return f"{workspace.settings.uri.rstrip('/')}/credentials/{name}"


def _wanted(
    workspace: Workspace, craft: Profile, types: Mapping[str, CertificateType], request: Mapping[str, Any]
) -> Wanted:
    unknown = request.keys() - _MEMBERS
    if unknown:
        raise InvalidInput("unknown member", f"$.{min(unknown)}")
    for name in ("type", "subject", "validFrom", "validUntil"):
        if type(request.get(name, "" if name.startswith("valid") else None)) is not str:
            raise InvalidInput("expected a text", f"$.{name}")
    elements = request.get("elements", {})
    if not isinstance(elements, Mapping):
        raise InvalidInput("expected an object", "$.elements")
    kind = types.get(request["type"])
    if kind is None:
        known = ", ".join(sorted(types)) or "none"
        raise InvalidInput(f"the profile {craft.name} has no such certificate; it has: {known}", "$.type")
    start = read_moment(request.get("validFrom") or workspace.now(), "$.validFrom", end=False)
    end = request.get("validUntil")
    if end is None and kind.valid_days is not None:
        until: str | None = _plus_days(start, kind.valid_days)
    else:
        until = None if end is None else read_moment(end, "$.validUntil", end=True)
    subject = workspace_subject(workspace, request["subject"])
    return Wanted(kind, craft.name, subject, elements_of(craft, elements), start, until)


def workspace_subject(workspace: Workspace, name: str) -> str:
    """A URI as it is, or the URI of the party of that name."""
    return name if ":" in name else workspace.parties.find(name).uri


def _check(subject: Party | None, one: Wanted, document: dict[str, Any], number: int) -> None:
    try:
        check_type(parse_credential(document), one.kind)
        if subject is not None and "party" not in one.kind.subject:
            raise InvalidInput(
                f"a certificate {one.kind.name} is of a {' or '.join(one.kind.subject)}, not of a party",
                "$.credentialSubject.id",
            )
    except InvalidInput as error:
        raise InvalidInput(error.reason, f"$[{number}]{error.path.removeprefix('$')}") from None


def _document(workspace: Workspace, one: Wanted, issuer: str) -> dict[str, Any]:
    """The certificate, but for its seat on the status lists and its proof."""
    return certificate_document(
        one.kind,
        credential_id=credential_url(workspace, _name()),
        issuer=issuer,
        subject=one.subject,
        elements=one.elements,
        prefixes=_prefixes(tuple(one.elements)),
        valid_from=one.valid_from,
        valid_until=one.valid_until,
        status=(),
    )


@lru_cache(maxsize=1024)
def _prefixes(names: tuple[str, ...]) -> Mapping[str, str]:
    """The prefixes that these names and our own begin with, and what each stands for."""
    used = {name.partition(":")[0] for name in names} | {PREFIX}
    return {prefix: PREFIXES[prefix] for prefix in sorted(used) if prefix in PREFIXES}


def _name() -> str:
    """128 random bits: nobody finds a certificate by guessing its URL."""
    return secrets.token_hex(16)


@lru_cache(maxsize=1024)
def read_moment(text: str, path: str, *, end: bool) -> str:
    """A date (its first or last second, UTC) or a time with zone, as RFC 3339 in UTC."""
    try:
        if len(text) == 10:
            moment = datetime.fromisoformat(f"{text}T{'23:59:59' if end else '00:00:00'}+00:00")
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("expected a date or a time with zone, such as 2026-03-01", path) from None
    if moment.tzinfo is None:
        raise InvalidInput("expected a time with zone, such as 2026-03-01T12:00:00Z", path)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plus_days(start: str, days: int) -> str:
    try:
        moment = datetime.fromisoformat(start) + timedelta(days=days)
    except OverflowError:
        raise InvalidInput("is beyond the calendar", "$.validFrom") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
