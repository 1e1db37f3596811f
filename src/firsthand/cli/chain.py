"""`anchor`, `wallet`, `sandbox`: the chain and what it costs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, progress
from firsthand.cli.session import open_access

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(anchor)
    wallet = typer.Typer(no_args_is_help=True, help="The satoshis that pay for anchoring.")
    wallet.command("address")(address)
    wallet.command("receive")(receive)
    wallet.command("balance")(balance)
    app.add_typer(wallet, name="wallet")
    sandbox = typer.Typer(no_args_is_help=True, help="The sandbox chain of this workspace.")
    sandbox.command("serve")(serve)
    sandbox.command("mine")(mine)
    app.add_typer(sandbox, name="sandbox")


def anchor(
    publish: Annotated[
        bool, typer.Option("--publish", help="Also put captures and events themselves on chain.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until every anchor is in a block of the best chain.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 7200.0,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Checkpoint what is new, if anything, and put it on chain; also sends again what is unsent.

    Example:  firsthand anchor --wait
    """
    from firsthand.proof.transaction import hash_hex
    from firsthand.service.anchor import anchor as anchor_service
    from firsthand.service.anchor import wait_until_mined
    from firsthand.service.publish import publish as publish_service

    access = open_access()
    result = anchor_service(access)
    published = publish_service(access) if publish else []
    waiting = len(access.outbox.open())
    if wait:
        with progress("Transactions in no block yet", waiting) as told:
            wait_until_mined(access, timeout=timeout, told=lambda left: told(max(0, waiting - left)))
        waiting = len(access.outbox.open())
    value = {
        "anchor": hash_hex(result.new.txid) if result.new else None,
        "size": result.size,
        "published": [hash_hex(txid) for txid in published],
        "waiting": waiting,
    }
    new = f"Anchored {result.size} entries in {value['anchor']}" if result.new else "Nothing new to anchor"
    more = f"; published in {len(published)} transactions" if published else ""
    emit(as_json, value, f"{new}{more}. {waiting} transactions wait for a block.")


def address(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Print the address that takes satoshis for anchoring.

    Example:  firsthand wallet address --json
    """
    text = open_access().wallet.address
    emit(as_json, {"address": text}, text)


def receive(
    coin: Annotated[
        str, typer.Argument(help="TXID:VOUT, or a raw transaction or BEEF in hex, or - for standard input.")
    ],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take in a coin that was sent to this wallet, after checking it.

    Example:  firsthand wallet receive 4f1e…a9:0
    """
    import sys

    from firsthand.service.wallet import receive as service

    coins, how = service(open_access(), sys.stdin.read() if coin == "-" else coin)
    value = {
        "coins": [{"outpoint": str(taken.outpoint), "satoshis": taken.satoshis} for taken in coins],
        "checked": how,
    }
    lines = [f"Took in {taken.satoshis} satoshis of {taken.outpoint}: {how}." for taken in coins]
    emit(as_json, value, "\n".join(lines))


def balance(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Show what is available, locked by unmined transactions, in the seal, and spent, in satoshis.

    Example:  firsthand wallet balance
    """
    from firsthand.service.wallet import balance as service

    held = service(open_access())
    emit(
        as_json,
        asdict(held),
        "\n".join(f"{name:10} {value:>15,} sat" for name, value in asdict(held).items()),
    )


def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 9090,
) -> None:
    """Serve this workspace's sandbox chain over HTTP, as ARC and as a header service.

    Example:  firsthand sandbox serve --port 9090
    """
    from firsthand.service.workspace import utc_now
    from firsthand.web.sandbox_arc import run

    sandbox = open_access().sandbox
    note(f"The sandbox chain answers as ARC at http://{host}:{port} until you press Ctrl-C.")
    run(sandbox, host, port, utc_now)


def mine(
    blocks: Annotated[int, typer.Argument(min=1, help="How many.")] = 1,
) -> None:
    """Mine blocks on the sandbox chain.

    Example:  firsthand sandbox mine 6
    """
    access = open_access()
    access.sandbox.mine(blocks)
    access.settle()
    typer.echo(f"The sandbox chain is {access.headers.tip_height} blocks high.")
