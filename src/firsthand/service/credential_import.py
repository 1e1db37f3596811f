"""Credentials from elsewhere: read, checked, their status looked up, and put on record by who brings them in.

That a list cannot be reached does not keep a credential out: it is then *unknown* how it stands, which never
passes for *valid*. A list that is older than one seen before, or past its time, is a replay and not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from firsthand.errors import FirsthandError, InvalidInput, NotFound
from firsthand.events.instants import microseconds, timestamp_text
from firsthand.identity.keys import SigningKey
from firsthand.journal.database import reading
from firsthand.journal.protocol import Appended
from firsthand.ledger.credentials import ListState, PlacedChange
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.capture import SeenBlock
from firsthand.proof.certificate_verify import fresh_until, published_bits
from firsthand.proof.credential import (
    Credential,
    check_type,
    credential_leaf,
    parse_credential,
    verify_credential,
)
from firsthand.proof.did_key import PublicKey
from firsthand.proof.did_web import did_web_url, key_of_method
from firsthand.proof.status_list import StatusChange, bits_root, decode_bits, parse_status_list
from firsthand.service.capture import seen_block
from firsthand.service.certificate_types import type_of, workspace_types
from firsthand.service.certify import Issued, OnRecord, put_on_record
from firsthand.service.fetch import Fetcher, read_json
from firsthand.service.status_lists import change_entry
from firsthand.service.tables import OBSERVED_LIST
from firsthand.service.workspace import Workspace

__all__ = ["Imported", "Observed", "import_credential", "observe_lists", "observed_document"]


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of looking at one list: the place of a new observation, or why there is none."""

    list: str
    place: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A credential that was brought in, and what its status lists said."""

    issued: Issued
    credential: Credential
    lists: tuple[Observed, ...]


class _Resolver:
    """Finds keys of did:web methods and remembers which; the record tells them to verifiers."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self.resolved: dict[str, str] = {}

    def __call__(self, method: str) -> PublicKey:
        did = method.partition("#")[0]
        if not did.startswith("did:web:"):
            raise InvalidInput(
                f"expected a did:key or did:web, got {did[:100]!r}", "$.proof.verificationMethod"
            )
        url = did_web_url(did)
        key = key_of_method(read_json(self._fetcher.fetch(url), url), method)
        self.resolved[method] = key.did
        return key


def import_credential(workspace: Workspace, party: str, data: bytes, fetcher: Fetcher) -> Imported:
    """Bring in a credential as a party of this workspace; the same again is answered with the first place.

    Raises UnreadableInput or InvalidInput when it is none, its proof does not hold, or it does not fit the
    type that it claims to be of; NotFound when the issuer's DID document cannot be had.
    """
    bringer = workspace.parties.find(party)
    key = workspace.held_key(bringer.keys)
    resolver = _Resolver(fetcher)
    credential, verified = verify_credential(read_json(data, "the credential"), resolver)
    found = type_of(credential, workspace_types(workspace))
    if found is not None:
        check_type(credential, found[1])
    one = OnRecord(
        document=canonical(credential.document),
        id=credential.id,
        issuer=credential.issuer,
        key=verified.did,
        subjects=credential.subjects,
        kind=found[1] if found else None,
        profile=found[0] if found else "",
    )
    lists = _Lists(workspace, bringer.uri, key, fetcher).observe(credential, verified.did)
    after = seen_block(workspace)
    issued = put_on_record(workspace, bringer.uri, key, [one], resolved=resolver.resolved, after=after)
    return Imported(issued, credential, tuple(lists))


def observe_lists(workspace: Workspace, party: str, fetcher: Fetcher) -> list[Observed]:
    """Look at the status lists of all credentials from elsewhere anew, and journal what changed."""
    observer = workspace.parties.find(party)
    lists = _Lists(workspace, observer.uri, workspace.held_key(observer.keys), fetcher)
    told: list[Observed] = []
    for kept in workspace.credentials.all():
        told += lists.observe(parse_credential(parse_canonical(kept.document)), kept.key)
    return told


class _Lists:
    """Looks at each list once, as one observer; what is new is journaled, what is wrong is told."""

    def __init__(self, workspace: Workspace, observer: str, key: SigningKey, fetcher: Fetcher) -> None:
        self._workspace = workspace
        self._observer = observer
        self._key = key
        self._fetcher = fetcher
        self._own = {state.list for state in workspace.credentials.lists() if state.bits is not None}
        self._seen: set[tuple[str, str]] = set()

    def observe(self, credential: Credential, issuer_key: str) -> list[Observed]:
        """The lists that a credential names, but for those that are kept here."""
        told = []
        for url, purpose in dict.fromkeys((entry.list, entry.purpose) for entry in credential.status):
            if url in self._own or (url, purpose) in self._seen:
                continue
            self._seen.add((url, purpose))
            try:
                place = self._observe(url, purpose, credential.issuer, issuer_key)
                told.append(Observed(url, place))
            except FirsthandError as error:
                told.append(Observed(url, None, str(error)))
        return told

    def _observe(self, url: str, purpose: str, issuer: str, issuer_key: str) -> int | None:
        """The place of a new observation; None when nothing is new. Raises what is wrong with the list."""
        workspace, now = self._workspace, self._workspace.now()
        document = read_json(self._fetcher.fetch(url), url)
        last = workspace.credentials.list_state(url, self._observer, purpose)
        change = _observed(document, url, purpose, self._observer, last, seen_block(workspace))
        _, signer = published_bits(document, change, _Resolver(self._fetcher))
        credential = parse_status_list(document).credential
        if credential.issuer != issuer or not (issuer.startswith("did:") or signer == issuer_key):
            raise InvalidInput(f"{url} is not signed by {issuer}, who issued the credential")
        if fresh_until(document, now) < microseconds(now):
            raise InvalidInput(f"{url} gives a list that is past its time: replayed, or not renewed")
        if last is not None:
            self._require_newer(document, url, purpose)
            if change.observed == self._last(url, purpose).change.observed and not self._stale(url, purpose):
                return None
        body = canonical(document)

        def store(connection: Connection, _: Sequence[Appended]) -> None:
            there = select(OBSERVED_LIST.c.leaf).where(OBSERVED_LIST.c.leaf == change.observed)
            if connection.execute(there).first() is None:
                row = {"leaf": change.observed, "document": body}
                connection.execute(OBSERVED_LIST.insert(), row)

        entry = change_entry(workspace, change, self._key)
        (appended,) = workspace.journal.append([entry], store)
        return appended.place

    def _require_newer(self, document: dict[str, Any], url: str, purpose: str) -> None:
        """Refuse a list that says it is older than the one seen before."""
        last = self._last(url, purpose)
        before = parse_status_list(observed_document(self._workspace, last.change)).credential
        now = parse_status_list(document).credential
        if (
            now.valid_from is not None
            and before.valid_from is not None
            and now.valid_from < before.valid_from
        ):
            raise InvalidInput(
                f"{url} gives a list of {timestamp_text(now.valid_from)}, older than the one of "
                f"{timestamp_text(before.valid_from)} that was seen at place {last.place}: replayed"
            )

    def _stale(self, url: str, purpose: str) -> bool:
        last = self._last(url, purpose)
        until = fresh_until(observed_document(self._workspace, last.change), last.document["created"])
        return until < microseconds(self._workspace.now())

    def _last(self, url: str, purpose: str) -> PlacedChange:
        return self._workspace.credentials.changes(url, self._observer, purpose)[-1]


def observed_document(workspace: Workspace, change: StatusChange) -> dict[str, Any]:
    """The list that was fetched when it was observed. Raises NotFound when it is kept here no more."""
    query = select(OBSERVED_LIST.c.document).where(OBSERVED_LIST.c.leaf == change.observed)
    with reading(workspace.engine) as connection:
        document = connection.execute(query).scalar()
    if document is None:
        raise NotFound(f"the list {change.list} as it was observed is not kept here")
    value: dict[str, Any] = parse_canonical(document)
    return value


def _observed(
    document: dict[str, Any],
    url: str,
    purpose: str,
    observer: str,
    last: ListState | None,
    after: SeenBlock | None,
) -> StatusChange:
    bits = decode_bits(parse_status_list(document).encoded)
    return StatusChange(
        issuer=observer,
        list=url,
        purpose=purpose,
        number=last.number + 1 if last else 0,
        previous=last.leaf if last else None,
        length=len(bits) * 8,
        root=bits_root(bits),
        set=None,
        cleared=None,
        observed=credential_leaf(document),
        after=after,
    )
