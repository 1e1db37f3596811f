"""Parties and their keys: every change is a signed, journaled party statement."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from firsthand.errors import InvalidInput, Unauthorized
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.protocol import NewEntry
from firsthand.proof.canonical import canonical
from firsthand.proof.fields import base64_text
from firsthand.proof.parties import STATEMENT_TYPE, Party
from firsthand.service.receipts import sign_receipt
from firsthand.service.workspace import Workspace

__all__ = ["StatementMade", "add_party", "revoke_key", "rotate_key"]


@dataclass(frozen=True, slots=True)
class StatementMade:
    """The party's state after a statement, and the log's receipt for it."""

    party: Party
    receipt: dict[str, Any]


def add_party(
    workspace: Workspace,
    name: str,
    roles: tuple[str, ...],
    *,
    voucher: str | None = None,
    uri: str | None = None,
) -> StatementMade:
    """Register a party with a new key of its own.

    `voucher` names the cooperative that may replace the key if it is lost; without it, the workspace's
    only cooperative vouches for every party but itself. Raises InvalidInput or Unauthorized.
    """
    history = workspace.parties.current()
    party_uri = uri or f"{workspace.settings.uri.rstrip('/')}/id/party/{slug(name)}"
    if history.party(party_uri) is not None:
        raise InvalidInput(f"{party_uri} is registered already; give another name, or --uri")
    if voucher is not None:
        voucher_uri: str | None = workspace.parties.find(voucher).uri
    else:
        cooperatives = [party.uri for party in history.parties() if "cooperative" in party.roles]
        voucher_uri = cooperatives[0] if len(cooperatives) == 1 else None
    key = workspace.new_signing_key()
    document: dict[str, Any] = {"party": party_uri, "name": name, "roles": list(roles), "keys": [key.did]}
    if voucher_uri is not None:
        document["voucher"] = voucher_uri
    return _state(workspace, document, party_uri, key)


def rotate_key(workspace: Workspace, name: str, *, lost: bool = False) -> StatementMade:
    """Replace all keys of a party by a new one.

    The old key signs; when it is `lost`, the party's voucher does. Raises Unauthorized when neither can.
    """
    party = workspace.parties.find(name)
    issuer = party
    if lost:
        if party.voucher is None:
            raise Unauthorized(
                f"{party.name} has named no cooperative to vouch for it: the key cannot be replaced"
            )
        issuer = workspace.parties.find(party.voucher)
    signer = workspace.held_key(issuer.keys)
    return _change(workspace, party, issuer.uri, signer, (workspace.new_signing_key().did,))


def revoke_key(workspace: Workspace, name: str, *, key: str | None = None) -> StatementMade:
    """Withdraw one key of a party, or all: captures journaled from then on are refused.

    The party's own key signs, or its voucher's when that one is not held here. Raises Unauthorized.
    """
    party = workspace.parties.find(name)
    if key is not None and key not in party.keys:
        raise InvalidInput(
            f"{key} is not a key of {party.name}; its keys are {', '.join(party.keys) or 'none'}"
        )
    if not party.keys:
        raise InvalidInput(f"{party.name} has no key left to revoke")
    kept = tuple(did for did in party.keys if key is not None and did != key)
    held = [did for did in party.keys if f"key:{did}" in workspace.keystore.names()]
    issuer = party
    if not held and party.voucher is not None:
        issuer = workspace.parties.find(party.voucher)
    return _change(workspace, party, issuer.uri, workspace.held_key(issuer.keys), kept)


def slug(name: str) -> str:
    """A name as the last part of a URI: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not text:
        raise InvalidInput(f"{name!r} has no letters to make a URI of; give one with --uri")
    return text


def _change(
    workspace: Workspace, party: Party, issuer: str, signer: SigningKey, keys: tuple[str, ...]
) -> StatementMade:
    document: dict[str, Any] = {
        "party": party.uri,
        "name": party.name,
        "roles": list(party.roles),
        "keys": list(keys),
        "previous": base64_text(party.leaf),
    }
    if party.voucher is not None:
        document["voucher"] = party.voucher
    return _state(workspace, document, issuer, signer)


def _state(workspace: Workspace, document: dict[str, Any], issuer: str, signer: SigningKey) -> StatementMade:
    created = workspace.now()
    full = {"type": STATEMENT_TYPE, "issuer": issuer, "created": created, **document}
    signed = secure(full, signer, created)
    entry = NewEntry(STATEMENT_TYPE, issuer, canonical(signed), signer.did)
    (appended,) = workspace.journal.append([entry])
    party = workspace.parties.current().party(document["party"])
    assert party is not None
    return StatementMade(party, sign_receipt(workspace, appended))
