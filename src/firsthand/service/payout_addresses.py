"""Where makers are paid: stated by themselves, in force after a delay, and never changed unnoticed.

A party's first statement is in force at once; each later one only `pay.address_delay` hours after the log
took it, and until then whoever still has the key can put another in its place. What has accrued waits for
that long after the first one, too: it goes to nobody who has just come by a key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, insert

from firsthand.chain.keys import WalletKey, address_script
from firsthand.chain.networks import NETWORKS
from firsthand.chain.payment import public_key
from firsthand.errors import InvalidInput, NotFound
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.payouts import PAYOUT_VALUE, PayoutRecord, Stated
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import SALT_SIZE, digest_bytes, make_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.parties import Party
from firsthand.proof.payout import PAYOUT, PAYOUT_STATEMENT
from firsthand.service.webhooks import call
from firsthand.service.workspace import Workspace

__all__ = [
    "Notice",
    "Payout",
    "notices",
    "payment_identity",
    "payout_parties",
    "payouts_of",
    "set_payout",
]

NOTIFY_KEY: Final = "pay-notify"
"""The keystore's name for the secret that signs messages to `pay.notify_url`."""

_SALT: Final = b"firsthand payment identity"


@dataclass(frozen=True, slots=True)
class Payout:
    """Where a party is paid since when, and from when on what had accrued is paid there, too."""

    party: str
    record: PayoutRecord
    since: str
    accrued_from: str
    stated: Stated

    def key(self) -> bytes | None:
        """The identity key, 33 bytes, where it is one."""
        return bytes.fromhex(self.record.identity_key) if self.record.identity_key else None


@dataclass(frozen=True, slots=True)
class Notice:
    """A payout statement as its party should hear of it.

    `state` is `in force`, `waiting` (until `effective`), `replaced` before it was, or `former`.
    """

    stated: Stated
    effective: str
    state: str


def payment_identity(workspace: Workspace) -> WalletKey:
    """The key that the workspace derives payments with, and under which it receives for members.

    It comes from the wallet's secret by HKDF-SHA-256 (RFC 5869): nothing more needs a backup.
    """
    secret = HKDF(SHA256(), 32, _SALT, b"").derive(workspace.wallet_secret)
    return WalletKey(secret, NETWORKS[workspace.settings.chain.network])


def payouts_of(workspace: Workspace, parties: Collection[str], at: str | None = None) -> dict[str, Payout]:
    """The payout in force for each of these parties (party or member URIs) that is paid somewhere."""
    now = at or workspace.now()
    found = {}
    for party, stated in workspace.payouts.of(parties).items():
        chosen = [notice for notice in _placed(workspace, stated, now) if notice.state == "in force"]
        if chosen and chosen[0].stated.record is not None and chosen[0].stated.record.receives:
            first = chosen[0].stated is stated[0]
            accrued = _later(workspace, chosen[0].stated.recorded) if first else chosen[0].effective
            found[party] = Payout(
                party, chosen[0].stated.record, chosen[0].effective, accrued, chosen[0].stated
            )
    return found


def notices(workspace: Workspace, parties: Collection[str] | None = None) -> list[Notice]:
    """Every payout statement, of these parties or of all, the newest first, with how it stands now."""
    if parties is None:
        by_party: dict[str, list[Stated]] = {}
        for stated in workspace.payouts.all():
            by_party.setdefault(stated.party, []).append(stated)
    else:
        by_party = workspace.payouts.of(parties)
    now = workspace.now()
    found = [notice for stated in by_party.values() for notice in _placed(workspace, stated, now)]
    return sorted(found, key=lambda notice: -notice.stated.place)


def payout_parties(workspace: Workspace, uri: str) -> tuple[Party, bool]:
    """Who states the payout of a party or member: the party itself, or its cooperative (True).

    Raises NotFound for what is neither.
    """
    party = workspace.parties.get(uri)
    if party is not None:
        return party, False
    member = workspace.members.get(uri)
    if member is None:
        raise NotFound(
            f"{uri} is no party and no member; see `firsthand party list`, `firsthand member list`"
        )
    cooperative = workspace.parties.get(member.party or member.cooperative)
    if cooperative is None:
        raise NotFound(f"the cooperative {member.cooperative} is not registered here")
    return cooperative, member.party is None


def set_payout(workspace: Workspace, uri: str, record: PayoutRecord) -> Notice:
    """State where a party or member is paid from now on (or after the delay); sign, journal and tell of it.

    Raises InvalidInput for a key or address that is none, NotFound when the key is not here, Conflict when
    it was changed meanwhile.
    """
    issuer, for_member = payout_parties(workspace, uri)
    _check(workspace, record, issuer, for_member)
    before = workspace.payouts.of([uri]).get(uri, [])
    key = workspace.held_key(issuer.keys)
    created = workspace.now()
    salt = secrets.token_bytes(SALT_SIZE)
    digest = digest_bytes(make_disclosure(salt, PAYOUT, msgspec.to_builtins(record)).text)
    document: dict[str, Any] = {
        "type": PAYOUT_STATEMENT,
        "issuer": issuer.uri,
        "created": created,
        "party": uri,
        "payout": base64_text(digest),
    }
    if before:
        document["previous"] = base64_text(before[-1].leaf)
    entry = NewEntry(PAYOUT_STATEMENT, issuer.uri, canonical(secure(document, key, created)), key.did)

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        row = {
            "leaf": appended[0].leaf,
            "salt": salt,
            "record": msgspec.json.encode(record).decode(),
        }
        connection.execute(insert(PAYOUT_VALUE), row)

    workspace.journal.append([entry], also)
    notice = notices(workspace, [uri])[0]
    _tell(workspace, notice)
    return notice


def _check(workspace: Workspace, record: PayoutRecord, issuer: Party, for_member: bool) -> None:
    if record.identity_key and record.address:
        raise InvalidInput("give an identity key or an address, not both")
    if record.identity_key:
        public_key(record.identity_key)
    if record.address:
        address_script(record.address, NETWORKS[workspace.settings.chain.network])
    if record.for_members:
        own = payment_identity(workspace).public.hex()
        if for_member or "cooperative" not in issuer.roles:
            raise InvalidInput(f"only a cooperative receives for its members, and {issuer.name} is none")
        if record.identity_key != own:
            raise InvalidInput(
                "a cooperative receives for its members under this workspace's own key (--new)"
            )


def _placed(workspace: Workspace, stated: Sequence[Stated], now: str) -> list[Notice]:
    """One party's statements with how each stands at a time."""
    found: list[Notice] = []
    in_force: int | None = None
    for at, one in enumerate(stated):
        effective = one.recorded if at == 0 else _later(workspace, one.recorded)
        followed = at + 1 < len(stated) and stated[at + 1].recorded < effective
        state = "replaced" if followed else "waiting" if effective > now else "former"
        if state == "former":
            in_force = at
        found.append(Notice(one, effective, state))
    if in_force is not None:
        found[in_force] = Notice(found[in_force].stated, found[in_force].effective, "in force")
    return found


def _later(workspace: Workspace, recorded: str) -> str:
    later = datetime.fromisoformat(recorded) + timedelta(hours=workspace.settings.pay.address_delay)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell(workspace: Workspace, notice: Notice) -> None:
    """Tell `pay.notify_url`, signed as webhooks are; what it answers changes nothing."""
    url = workspace.settings.pay.notify_url
    if not url:
        return
    if NOTIFY_KEY not in workspace.keystore.names():
        workspace.keystore.put(NOTIFY_KEY, secrets.token_urlsafe(32).encode())
    body = canonical(
        {
            "type": "payoutChanged",
            "party": notice.stated.party,
            "issuer": notice.stated.issuer,
            "place": notice.stated.place,
            "effective": notice.effective,
            "state": notice.state,
        }
    )
    token = workspace.keystore.get(NOTIFY_KEY).decode()
    call(url, body, token, int(time.time()), workspace.settings.server.webhook_networks)
