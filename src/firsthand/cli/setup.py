"""`init`, `status`, `doctor`, `passphrase`, `upgrade`, `reindex`: setting a workspace up, keeping it well."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from firsthand.cli.by_member import show_members
from firsthand.cli.members import COOPERATIVE
from firsthand.cli.output import JSON_OPTION, emit, note, progress, table
from firsthand.cli.session import folder, new_passphrase, open_access, open_workspace

__all__ = ["register"]


class NetworkOption(StrEnum):
    """The networks of `--network`."""

    SANDBOX = "sandbox"
    REGTEST = "regtest"
    TESTNET = "testnet"
    MAINNET = "mainnet"


class BroadcasterOption(StrEnum):
    """The adapters of `--broadcaster`."""

    SANDBOX = "sandbox"
    ARC = "arc"
    ARCADE = "arcade"
    NODE = "node"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(status)
    app.command()(doctor)
    app.command()(passphrase)
    app.command()(upgrade)
    app.command()(reindex)


def init(
    network: Annotated[NetworkOption, typer.Option(help="The chain to anchor on.")] = NetworkOption.SANDBOX,
    broadcaster: Annotated[
        BroadcasterOption | None,
        typer.Option(help="Who takes transactions; by default sandbox, or arc on real chains."),
    ] = None,
    url: Annotated[
        str, typer.Option(help="The broadcaster's URL; user:password in it go to the keystore.")
    ] = "",
    headers: Annotated[
        list[str] | None, typer.Option(help="A header service's URL; may be given again.")
    ] = None,
    uri: Annotated[
        str, typer.Option(help="What your URIs begin with: a domain of yours.")
    ] = "https://firsthand.example",
    database: Annotated[
        str,
        typer.Option(
            envvar="FIRSTHAND_DATABASE__URL",
            help="An empty PostgreSQL database, postgresql://user@host/name; SQLite without it.",
        ),
    ] = "",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Make a workspace: firsthand.toml, keystore.json and its database. The sandbox comes funded and ready.

    A database password is not written down: it comes from PGPASSWORD, ~/.pgpass or FIRSTHAND_DATABASE__URL.

    Example:  firsthand -C coop init --uri https://coop.example
    Example:  firsthand init --database postgresql://firsthand@localhost/coop
    Example:  firsthand init --network regtest --broadcaster node --url http://user:password@127.0.0.1:18332
    """
    from firsthand.service.chain_access import ChainAccess
    from firsthand.service.setup import initialise

    chosen = broadcaster or (
        BroadcasterOption.SANDBOX if network is NetworkOption.SANDBOX else BroadcasterOption.ARC
    )
    workspace = initialise(
        folder(),
        network=network.value,
        broadcaster=chosen.value,
        url=url,
        headers=tuple(headers or ()),
        uri=uri,
        database=database,
        passphrase=new_passphrase(may_be_empty=network in (NetworkOption.SANDBOX, NetworkOption.REGTEST)),
    )
    access = ChainAccess(workspace)
    made = {
        "folder": str(folder().resolve()),
        "network": network.value,
        "broadcaster": chosen.value,
        "log_key": workspace.log_key.did,
        "address": access.wallet.address,
    }
    text = f"Made a workspace in {made['folder']} on {network.value}.\n"
    emit(as_json, made, text + _next_step(network, access.wallet.address))


def _next_step(network: NetworkOption, address: str) -> str:
    if network is NetworkOption.SANDBOX:
        return "Its sandbox chain is funded; next: firsthand party add NAME --role maker"
    return f"Send satoshis for anchoring to {address}, then: firsthand wallet receive TXID:VOUT"


def status(
    by_member: Annotated[
        bool,
        typer.Option("--by-member", help="Each member of a cooperative instead, and what pooling spares."),
    ] = False,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    lot: Annotated[
        str | None, typer.Option(help="With --by-member: also each member's share of this lot or pack.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show what is recorded, anchored and confirmed, and what it cost.

    Example:  firsthand status --json
    Example:  firsthand status --by-member --lot https://coop.example/id/item/pack:S25-1-00001
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.status import status as service

    if by_member:
        show_members(open_access(), cooperative, lot, as_json)
        return
    if lot is not None:
        raise InvalidInput("--lot tells members' shares; it needs --by-member")

    found = service(open_access())
    cost = (
        "-"
        if found.usd_per_event is None
        else f"${found.usd_per_event:.9f} (mission: below ${found.mission_usd})"
    )
    rows = [
        ("network", found.network),
        ("log", found.log or "not begun: nothing is anchored yet"),
        ("events", f"{found.events:,} in {found.captures:,} captures"),
        ("parties", found.parties),
        ("entries in a block", f"{found.anchored_entries:,} of {found.entries:,}"),
        (
            "anchors",
            f"{found.anchors}: {found.confirmed} confirmed, {found.final} final; {found.waiting} waiting",
        ),
        ("header tip", found.tip_height),
        ("fees", ", ".join(f"{name} {fee} sat" for name, fee in found.fees_satoshis.items()) or "none"),
        ("cost per event", cost),
        ("wallet", ", ".join(f"{name} {value} sat" for name, value in found.balance.items())),
    ]
    emit(as_json, asdict(found), table("", ("what", "value"), rows))


def doctor(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Say what is wrong with this set-up and how to mend it; exits 1 when something is.

    Example:  firsthand doctor
    """
    from firsthand.service.status import doctor as service

    findings = service(open_access())
    rows = [
        ("ok" if finding.ok else "WRONG", finding.check, finding.detail, "" if finding.ok else finding.mend)
        for finding in findings
    ]
    text = table("", ("", "check", "found", "to mend it"), rows)
    emit(as_json, {"findings": [asdict(finding) for finding in findings]}, text)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def passphrase() -> None:
    """Give the keystore another passphrase; the new one is typed twice.

    Example:  firsthand passphrase
    """
    access = open_access()
    keystore = access.workspace.keystore
    new = str(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    keystore.change_passphrase(new)
    note("The keystore opens with the new passphrase from now on; older backups still open with the old one.")


def upgrade(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Bring the database to this release: its tables migrated, the index filled anew from the journal.

    A SQLite database is copied beside itself first; dump a PostgreSQL database before.

    Example:  firsthand upgrade
    """
    from firsthand.service.migrate import upgrade as service

    with progress("Indexing") as told:
        before, after = service(open_workspace(any_version=True), told)
    text = (
        f"The database has schema {after} already."
        if before == after
        else f"Upgraded from {before} to {after}."
    )
    emit(as_json, {"before": before, "after": after}, text)


def reindex(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Fill everything that is derived from the journal anew.

    Example:  firsthand reindex
    """
    from firsthand.service.migrate import reindex as service

    with progress("Indexing") as told:
        events = service(open_workspace(), told)
    emit(as_json, {"events": events}, f"Indexed {events:,} events.")
