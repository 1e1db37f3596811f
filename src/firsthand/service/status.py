"""What a workspace holds and what it cost; and what is wrong with its set-up and how to mend it."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import func, select

from firsthand.chain.protocols import TxState
from firsthand.errors import BroadcastUncertain, FirsthandError, NotFound
from firsthand.identity.keystore import Keystore
from firsthand.journal.database import reading
from firsthand.journal.store import ENTRY
from firsthand.proof.capture import CAPTURE_TYPE
from firsthand.proof.transaction import hash_hex
from firsthand.service import wallet
from firsthand.service.anchor import ANCHOR
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay_out import PURPOSES as PAYMENT_PURPOSES
from firsthand.service.settings import Settings
from firsthand.service.token_events import TOKEN_PURPOSES
from firsthand.service.workspace import KEYSTORE, SEALING_KEYS

__all__ = ["MISSION_USD", "Finding", "Status", "doctor", "status", "usd"]

MISSION_USD: Final = 0.00011
"""What a record may cost at most, as the mission names it."""

_NO_RECORDS: Final = (*TOKEN_PURPOSES, *PAYMENT_PURPOSES.values())
"""What transactions are for whose fees are no cost of records."""

_LOOKED_AT: Final = 1_000
"""Sealed values whose keys `doctor` looks for."""


@dataclass(frozen=True, slots=True)
class Status:
    """Counts are of entries, events and anchors; fees in satoshis, costs in dollars at the settings' rate."""

    network: str
    log: str | None
    entries: int
    captures: int
    events: int
    parties: int
    anchored_entries: int
    anchors: int
    waiting: int
    confirmed: int
    final: int
    tip_height: int
    fees_satoshis: dict[str, int]
    usd_per_event: float | None
    mission_usd: float
    balance: dict[str, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` looked at: `ok`, and otherwise what to do."""

    check: str
    ok: bool
    detail: str
    mend: str = ""


def usd(satoshis: int | float, settings: Settings) -> float:
    """Satoshis in dollars at the rate of the settings."""
    return satoshis * settings.cost.usd_per_bsv / 100_000_000


def status(access: ChainAccess) -> Status:
    """What is recorded, anchored and confirmed, as known without asking anyone."""
    workspace = access.workspace
    with reading(workspace.engine) as connection:
        entries = connection.execute(select(func.count()).select_from(ENTRY)).scalar_one()
        query = select(func.count(), func.coalesce(func.sum(ENTRY.c.count), 0))
        captures, events = connection.execute(query.where(ENTRY.c.kind == CAPTURE_TYPE)).one()
    anchors = workspace.anchors.all()
    tip = access.headers.tip_height
    anchored = confirmed = final = 0
    heights = access.outbox.heights(ANCHOR)
    for anchor in anchors[1:]:
        if anchor.txid in heights:
            depth = tip - heights[anchor.txid] + 1
            anchored = max(anchored, anchor.size)
            confirmed += depth >= workspace.settings.finality.confirmed
            final += depth >= workspace.settings.finality.final
    fees = access.outbox.fees()
    # Certificates are not records: what they cost is shown, but not spread over the events.
    total = sum(satoshis for purpose, (_, satoshis) in fees.items() if purpose not in _NO_RECORDS)
    return Status(
        network=access.network.name,
        log=hash_hex(anchors[0].txid) if anchors else None,
        entries=entries,
        captures=captures,
        events=int(events),
        parties=len(workspace.parties.current().parties()),
        anchored_entries=anchored,
        anchors=max(0, len(anchors) - 1),
        waiting=len(access.outbox.open()),
        confirmed=confirmed,
        final=final,
        tip_height=tip,
        fees_satoshis={purpose: satoshis for purpose, (_, satoshis) in fees.items()},
        usd_per_event=usd(total, workspace.settings) / events if events else None,
        mission_usd=MISSION_USD,
        balance=asdict(wallet.balance(access)),
    )


def doctor(access: ChainAccess) -> list[Finding]:
    """Look at everything that can be wrong with this set-up; asks the chain, writes nothing there."""
    return [
        _keystore(access),
        _keystore_mode(access),
        *_sealing(access),
        _uri(access),
        _journal(access),
        _policy(access),
        _headers(access),
        _funds(access),
        _outbox(access),
    ]


def _keystore(access: ChainAccess) -> Finding:
    path = access.workspace.folder / KEYSTORE
    if not Keystore.has_empty_passphrase(path):
        return Finding("keystore passphrase", True, "set")
    real = access.network.name in ("mainnet", "testnet")
    mend = "give it one with `firsthand passphrase`"
    return Finding("keystore passphrase", not real, "none: whoever reads the file holds the keys", mend)


def _keystore_mode(access: ChainAccess) -> Finding:
    path = access.workspace.folder / KEYSTORE
    mode = os.stat(path).st_mode & 0o777
    return Finding("keystore file mode", not mode & 0o077, f"{mode:o}", f"chmod 600 {path}")


def _sealing(access: ChainAccess) -> list[Finding]:
    """The keys of sealed fields, where there are any: there, for us alone, and those of these very fields."""
    workspace = access.workspace
    fields = workspace.sealed.newest(_LOOKED_AT)
    if not fields:
        return []
    kept = [one for one in fields if one.erased is None]
    missing = 0
    for one in kept:
        try:
            workspace.sealing_keys.secret(one.key, one.field)
        except NotFound:
            missing += 1
    erased = len(fields) - len(kept)
    detail = f"of the last {len(fields)} sealed values {erased} are erased, {missing} have no key"
    mend = (
        f"restore {workspace.sealing_keys.name} from its own backup, which is kept apart from the journal's; "
        "without it these values are gone"
    )
    found = [Finding("keys of sealed fields", not missing, detail, mend)]
    path = workspace.folder / (workspace.settings.sealing.keys or SEALING_KEYS)
    if path.is_file():
        mode = os.stat(path).st_mode & 0o777
        found.append(Finding("their file's mode", not mode & 0o077, f"{mode:o}", f"chmod 600 {path}"))
    return found


def _uri(access: ChainAccess) -> Finding:
    uri = access.workspace.settings.uri
    placeholder = uri.endswith((".example", ".example/"))
    real = access.network.name == "mainnet"
    mend = "set `uri` in firsthand.toml to a domain that you control, before you record"
    return Finding("base of URIs", not (placeholder and real), uri, mend)


def _journal(access: ChainAccess) -> Finding:
    result = "ok"
    if access.workspace.engine.dialect.name == "sqlite":
        with access.workspace.engine.connect() as connection:
            result = str(connection.exec_driver_sql("PRAGMA quick_check").scalar_one())
    tree_ok = True
    anchors = access.workspace.anchors.all()
    if anchors and anchors[-1].size:
        root = access.workspace.tree.root(anchors[-1].size)
        tree_ok = b64encode(root) in anchors[-1].checkpoint
    mend = "restore the database from a backup"
    detail = f"{result}; root {'as anchored' if tree_ok else 'differs from the last checkpoint'}"
    return Finding("journal", result == "ok" and tree_ok, detail, mend)


def _policy(access: ChainAccess) -> Finding:
    mend = "look at chain.url and chain.broadcaster in firsthand.toml"
    try:
        policy = access.broadcaster.policy()
    except FirsthandError as error:
        return Finding("broadcaster", False, str(error), mend)
    return Finding("broadcaster", True, f"fee of {policy.satoshis} satoshis for {policy.size} bytes")


def _headers(access: ChainAccess) -> Finding:
    mend = "look at chain.headers in firsthand.toml; sources that disagree may be on another branch"
    try:
        tips = [source.tip() for source in access.header_sources]
    except BroadcastUncertain as error:
        return Finding("header sources", False, str(error), mend)
    agree = len({block for height, block in tips if height == max(height for height, _ in tips)}) <= 1
    detail = ", ".join(f"height {height}" for height, _ in tips)
    return Finding("header sources", agree, detail if agree else f"they disagree: {detail}", mend)


def _funds(access: ChainAccess) -> Finding:
    held = wallet.balance(access)
    enough = held.available + held.seal > 1000
    detail = f"{held.available} satoshis free, {held.seal} in the seal"
    return Finding(
        "funds", enough, detail, f"send satoshis to {access.wallet.address}, then `wallet receive`"
    )


def _outbox(access: ChainAccess) -> Finding:
    waiting = access.outbox.open()
    doubled = [sent for sent in waiting if sent.state is TxState.DOUBLE_SPENT]
    refused = access.outbox.all([TxState.REJECTED])
    detail = f"{len(waiting)} waiting, {len(refused)} refused, {len(doubled)} double-spent"
    mend = "`firsthand anchor --wait` sends again; a double spend means that this wallet is in use elsewhere"
    return Finding("outbox", not doubled and len(waiting) < 100, detail, mend)
