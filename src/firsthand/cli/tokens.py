"""`token`: certificates of authenticity that a piece carries, minted, moved and recorded by a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli import token_files
from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.session import open_access

if TYPE_CHECKING:
    from firsthand.service.mint import Minted
    from firsthand.service.token_moves import Moved

__all__ = ["register"]

PIECE = typer.Argument(help="The piece's URI, or its token's outpoint TXID:0.")
TO = typer.Option(help="An address; `code` for a new bearer code; `workspace` to keep it here.")
AS = typer.Option("--as", help="The party that signs the event; by default the maker, if their key is here.")
CODE = typer.Option("--code", help="The bearer code that the token lies under, if it does.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    token = typer.Typer(no_args_is_help=True, help="Certificates of authenticity that a piece carries.")
    for command in (mint, batch, transfer, gift, sell, claim, repair, resize, melt, stolen, recovered):
        token.command()(command)
    token.command()(history)
    token.command()(address)
    token_files.register(token)
    app.add_typer(token, name="token")


def mint(
    order: Annotated[Path, typer.Argument(help="The piece as JSON: URI, name, fingerprint, photographs.")],
    maker: Annotated[str, typer.Option("--as", help="The piece's maker, who recorded how it came to be.")],
    to: Annotated[str, TO] = "workspace",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Mint a piece's certificate as a token, and record the event that names it. The same again mints
    nothing.

    Example:  firsthand token mint ring.json --as "Aurum Atelier" --to code
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.mint import mint as service
    from firsthand.service.token_orders import read_orders

    orders = read_orders(order, to)
    if len(orders) != 1:
        raise InvalidInput(f"{order} names {len(orders)} pieces; use `firsthand token batch`")
    (minted,) = service(open_access(), orders, maker)
    emit(as_json, _minted(minted), _minted_text(minted))


def batch(
    orders: Annotated[Path, typer.Argument(help="Many pieces: a JSON list, or one object a line.")],
    maker: Annotated[str, typer.Option("--as", help="The maker of all of them.")],
    to: Annotated[str, TO] = "code",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Mint hundreds of pieces in one run. After a crash the same command goes on; no piece is minted twice.

    Example:  firsthand token batch pieces.jsonl --as "Aurum Atelier" --to code --json > codes.json
    """
    from firsthand.service.mint import mint as service
    from firsthand.service.token_orders import read_orders

    minted = service(open_access(), read_orders(orders, to), maker)
    rows = [(item.token.piece, str(item.token.outpoint), item.code or "", item.new) for item in minted]
    new = sum(item.new for item in minted)
    text = table("", ("piece", "token", "bearer code", "new"), rows)
    emit(
        as_json,
        {"new": new, "tokens": [_minted(item) for item in minted]},
        f"{text}\n{new} minted now, {len(minted) - new} were there before.",
    )


def transfer(
    piece: Annotated[str, PIECE],
    to: Annotated[str, TO],
    issuer: Annotated[str | None, AS] = None,
    code: Annotated[str | None, CODE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Pass a piece's token on.

    Example:  firsthand token transfer https://aurum.example/id/item/ring-7 --to S5x…
    """
    from firsthand.service.token_moves import transfer as service

    _emit_move(as_json, service(open_access(), piece, to, issuer=issuer, code=code))


def gift(
    piece: Annotated[str, PIECE],
    to: Annotated[str, TO] = "code",
    issuer: Annotated[str | None, AS] = None,
    code: Annotated[str | None, CODE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Give a piece away: by default under a new bearer code, which needs no wallet.

    Example:  firsthand token gift https://aurum.example/id/item/ring-7
    """
    from firsthand.service.token_moves import transfer as service

    _emit_move(as_json, service(open_access(), piece, to, kind="gift", issuer=issuer, code=code))


def sell(
    piece: Annotated[str, PIECE],
    price: Annotated[str, typer.Option(help="What was paid, such as '1200.00 EUR'.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The receipt to write.")],
    to: Annotated[str, TO] = "code",
    buyer: Annotated[str, typer.Option(help="Who bought it; stands in the receipt alone.")] = "",
    issuer: Annotated[str | None, AS] = None,
    code: Annotated[str | None, CODE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Sell a piece: pass its token on and write the receipt. The recorded event holds the receipt's digest
    alone.

    Example:  firsthand token sell https://aurum.example/id/item/ring-7 --price "1200.00 EUR" -o receipt.json
    """
    from firsthand.proof.canonical import canonical
    from firsthand.service.prove import write_whole
    from firsthand.service.token_moves import Sale
    from firsthand.service.token_moves import sell as service

    moved, receipt = service(open_access(), piece, to, Sale(price, buyer), issuer=issuer, code=code)
    write_whole(output, iter([canonical(receipt) + b"\n"]), lambda done: None)
    value = _moved(moved) | {"receipt": receipt}
    emit(
        as_json,
        value,
        f"{_moved_text(moved)}\nThe receipt is in {output}; keep it, the price is nowhere else.",
    )


def claim(
    code: Annotated[
        str, typer.Argument(help="The bearer code under the scratch label, or - for standard input.")
    ],
    to: Annotated[
        str,
        typer.Option(help="An address; `new` for a code that only you know; `workspace` to keep it here."),
    ] = "new",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Claim a piece by its bearer code. It works once; this workspace's wallet pays the fee.

    Example:  firsthand token claim 00041-06105-0R3GG-28A1C-60T3G-F8GVK6 --to new
    """
    import sys

    from firsthand.service.token_moves import claim as service
    from firsthand.service.token_moves import fresh_code

    access = open_access()
    text = sys.stdin.read() if code == "-" else code
    fresh = None
    if to == "new":
        fresh, to = fresh_code(access)

    def ready() -> None:
        # Shown before the token goes there: nothing else knows it.
        if fresh is not None:
            note(f"Your own code, which is stored nowhere. Write it down now:\n\n    {fresh}\n")

    moved = service(access, text, to, ready=ready)
    value = _moved(moved) | {"code": fresh}
    emit(as_json, value, _moved_text(moved))


def repair(
    piece: Annotated[str, PIECE],
    issuer: Annotated[str, typer.Option("--as", help="The workshop that did it.")],
    text: Annotated[str, typer.Option("--work", help="What was done.")],
    fingerprint: Annotated[Path | None, typer.Option(help="The fingerprint after it, if it changed.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Record a repair, signed by its workshop: the piece stays the same.

    Example:  firsthand token repair https://aurum.example/id/item/ring-7 --as Aurum --work "prong retipped"
    """
    _work("repair", piece, issuer, text, fingerprint, as_json)


def resize(
    piece: Annotated[str, PIECE],
    issuer: Annotated[str, typer.Option("--as", help="The workshop that did it.")],
    fingerprint: Annotated[Path, typer.Option(help="The fingerprint after it, as JSON.")],
    text: Annotated[str, typer.Option("--work", help="What was done.")] = "resized",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Record a resize, with the weight and dimensions after it: the piece stays the same.

    Example:  firsthand token resize https://aurum.example/id/item/ring-7 --as Aurum --fingerprint after.json
    """
    _work("resize", piece, issuer, text, fingerprint, as_json)


def melt(
    piece: Annotated[str, PIECE],
    issuer: Annotated[str | None, AS] = None,
    code: Annotated[str | None, CODE] = None,
    text: Annotated[str, typer.Option("--statement", help="What became of it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """End the token of a piece that was melted or destroyed. It cannot be undone.

    Example:  firsthand token melt https://aurum.example/id/item/ring-7 --statement "melted for scrap" --yes
    """
    from firsthand.service.token_moves import melt as service

    if not yes:
        typer.confirm(f"End the token of {piece} for ever?", abort=True, err=True)
    _emit_move(as_json, service(open_access(), piece, issuer=issuer, code=code, text=text))


def stolen(
    piece: Annotated[str, PIECE],
    issuer: Annotated[str, typer.Option("--as", help="The party that signs the event.")],
    code: Annotated[str | None, CODE] = None,
    text: Annotated[str, typer.Option("--statement", help="What happened; without names of people.")] = "",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Report a piece stolen, as its maker or as the holder of its token: every check warns from then on.

    Example:  firsthand token stolen https://aurum.example/id/item/ring-7 --as Aurum
    """
    _theft("stolen", piece, issuer, text, code, as_json)


def recovered(
    piece: Annotated[str, PIECE],
    issuer: Annotated[str, typer.Option("--as", help="The party that signs the event.")],
    code: Annotated[str | None, CODE] = None,
    text: Annotated[str, typer.Option("--statement", help="What happened; without names of people.")] = "",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take a report of theft back: the maker any, a holder their own.

    Example:  firsthand token recovered https://aurum.example/id/item/ring-7 --as Aurum
    """
    _theft("recovered", piece, issuer, text, code, as_json)


def history(
    piece: Annotated[str, PIECE],
    live: Annotated[bool, typer.Option("--live", help="Ask the chain whether the tip is unspent.")] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show a token's path and the events about its piece, as this workspace knows them.

    Example:  firsthand token history https://aurum.example/id/item/ring-7 --live
    """
    from firsthand.cli.token_files import status_text, status_value
    from firsthand.service.token_events import settle
    from firsthand.service.token_files import token_status

    access = open_access()
    settle(access)
    found = token_status(access, piece, ask=live)
    emit(as_json, status_value(found, access.network), status_text(found, access.network))


def address(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Print the address under which this workspace keeps tokens. Do not send satoshis to it.

    Example:  firsthand token address
    """
    from firsthand.service.token_store import TokenKeys

    text = TokenKeys(open_access()).own.address
    emit(as_json, {"address": text}, text)


def _work(kind: str, piece: str, issuer: str, text: str, fingerprint: Path | None, as_json: bool) -> None:
    from firsthand.service.token_orders import read_fingerprint
    from firsthand.service.token_reports import record_work

    after = read_fingerprint(fingerprint) if fingerprint is not None else None
    captured = record_work(open_access(), piece, kind, issuer, text, after)
    emit(as_json, {"place": captured.place}, f"Recorded the {kind} at place {captured.place} of the log.")


def _theft(kind: str, piece: str, issuer: str, text: str, code: str | None, as_json: bool) -> None:
    from firsthand.service.token_reports import report_theft

    captured = report_theft(open_access(), piece, kind, issuer, text, code)
    said = f"Recorded as {kind} at place {captured.place} of the log; anchor it so that others can check it."
    emit(as_json, {"place": captured.place}, said)


def _emit_move(as_json: bool, moved: Moved) -> None:
    emit(as_json, _moved(moved), _moved_text(moved))


def _moved(moved: Moved) -> dict[str, Any]:
    from firsthand.proof.transaction import hash_hex

    return {
        "piece": moved.token.piece,
        "token": str(moved.token.outpoint),
        "transaction": hash_hex(moved.txid),
        "state": moved.state,
        "code": moved.code,
        "event": moved.event,
    }


def _moved_text(moved: Moved) -> str:
    value = _moved(moved)
    lines = [f"{value['piece']}: moved in {value['transaction']} ({value['state']})."]
    if moved.code:
        lines.append(f"Bearer code: {moved.code}\nWho has it has the token. It works once.")
    if not moved.event:
        lines.append("No event was recorded: no key of the maker is here, and no party was named by --as.")
    return "\n".join(lines)


def _minted(item: Minted) -> dict[str, Any]:
    token = item.token
    return {"piece": token.piece, "token": str(token.outpoint), "new": item.new, "code": item.code}


def _minted_text(item: Minted) -> str:
    done = "Minted" if item.new else "Was minted before:"
    code = f"\nBearer code: {item.code}\nWho has it has the token. It works once." if item.code else ""
    return f"{done} {item.token.outpoint} for {item.token.piece}.{code}"
