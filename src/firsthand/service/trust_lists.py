"""The workspace's trust list: every change of it is a signed, journaled version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput, NotFound, Unauthorized
from firsthand.identity.signing import secure
from firsthand.journal.protocol import NewEntry
from firsthand.profiles.rows import shown
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.fields import base64_text
from firsthand.proof.parties import Party
from firsthand.proof.trust_list import TRUST_TYPE, TrustList, parse_schemes
from firsthand.service.certificate_types import workspace_types
from firsthand.service.certify import read_moment
from firsthand.service.receipts import sign_receipt
from firsthand.service.workspace import Workspace

__all__ = ["TrustMade", "believe", "disbelieve", "known_schemes", "set_schemes", "trust_schemes"]

_KEEPERS: Final = ("operator", "cooperative", "brand", "roaster", "retailer", "processor", "maker")
"""Whose trust list it is by default: the only party that has the first of these roles that any has."""


@dataclass(frozen=True, slots=True)
class TrustMade:
    """The new version, its place, and the log's receipt for it."""

    trust: TrustList
    place: int
    receipt: dict[str, Any]


def believe(
    workspace: Workspace,
    scheme: str,
    issuer: str,
    *,
    name: str = "",
    keys: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    keeper: str | None = None,
) -> TrustMade:
    """Believe an issuer (a DID, a party's URI or its name here) for a scheme; again, its terms are replaced.

    `since` and `until` are dates (the first and the last second, UTC) or times with a zone. Raises
    InvalidInput for what cannot stand in a trust list and for a name that no party has, Unauthorized when
    the keeper may not sign.
    """
    uri = issuer
    party = next((one for one in workspace.parties.current().parties() if one.name == issuer), None)
    if party is not None:
        uri = party.uri
    known = workspace.parties.get(uri)
    if known is None and ":" not in uri:
        raise InvalidInput(
            f"no party here has the name {shown(issuer)}; give a party's name or URI, or a DID"
        )
    entry: dict[str, Any] = {"issuer": uri}
    named = name or (known.name if known is not None else "")
    if named:
        entry["name"] = named
    if keys:
        entry["keys"] = list(keys)
    if since is not None:
        entry["from"] = read_moment(since, "$.from", end=False)
    if until is not None:
        entry["until"] = read_moment(until, "$.until", end=True)

    def change(schemes: dict[str, Any]) -> None:
        kept = [one for one in schemes.get(scheme, []) if one["issuer"] != uri]
        schemes[scheme] = [*kept, entry]

    return _version(workspace, change, keeper)


def known_schemes(workspace: Workspace) -> set[str]:
    """The schemes that the certificates of the workspace's crafts are of."""
    return {kind.scheme for _, kind in workspace_types(workspace)}


def disbelieve(workspace: Workspace, scheme: str, issuer: str, *, keeper: str | None = None) -> TrustMade:
    """Take an issuer off the list for a scheme. Raises NotFound when it is not on it."""

    def change(schemes: dict[str, Any]) -> None:
        kept = [one for one in schemes.get(scheme, []) if issuer not in (one["issuer"], one.get("name"))]
        if len(kept) == len(schemes.get(scheme, [])):
            raise NotFound(f"{issuer} is not on the trust list for {scheme}")
        schemes[scheme] = kept
        if not kept:
            del schemes[scheme]

    return _version(workspace, change, keeper)


def set_schemes(workspace: Workspace, schemes: dict[str, Any], *, keeper: str | None = None) -> TrustMade:
    """Replace the whole list. Raises InvalidInput with the path."""

    def change(held: dict[str, Any]) -> None:
        held.clear()
        held.update(schemes)

    return _version(workspace, change, keeper)


def trust_schemes(workspace: Workspace) -> dict[str, Any]:
    """The schemes of the list in force, as JSON; empty where there is none."""
    found = workspace.credentials.trust()
    if found is None:
        return {}
    (entry,) = workspace.journal.entries(found[2], found[2] + 1)
    schemes: dict[str, Any] = parse_canonical(entry.document)["schemes"]
    return schemes


def _version(workspace: Workspace, change: Callable[[dict[str, Any]], None], keeper: str | None) -> TrustMade:
    last = workspace.credentials.trust()
    party = _keeper(workspace, keeper or (last[0].issuer if last else None))
    schemes = trust_schemes(workspace)
    change(schemes)
    parse_schemes(schemes, "$.schemes")
    created = workspace.now()
    document: dict[str, Any] = {
        "type": TRUST_TYPE,
        "issuer": party.uri,
        "created": created,
        "number": last[0].number + 1 if last else 0,
        "schemes": schemes,
    }
    if last is not None:
        document["previous"] = base64_text(last[1])
    key = workspace.held_key(party.keys)
    entry = NewEntry(TRUST_TYPE, party.uri, canonical(secure(document, key, created)), key.did)
    (appended,) = workspace.journal.append([entry])
    found = workspace.credentials.trust()
    assert found is not None
    return TrustMade(found[0], appended.place, sign_receipt(workspace, appended))


def _keeper(workspace: Workspace, name: str | None) -> Party:
    if name is not None:
        return workspace.parties.find(name)
    parties = workspace.parties.current().parties()
    for role in _KEEPERS:
        having = [party for party in parties if role in party.roles]
        if len(having) == 1:
            return having[0]
        if having:
            break
    if not parties:
        raise Unauthorized("no party is registered that could sign a trust list; see `firsthand party add`")
    raise InvalidInput("several parties could keep the trust list: say which one with --as", "$.issuer")
