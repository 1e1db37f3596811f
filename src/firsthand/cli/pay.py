"""`pay`: where makers are paid, and what shoppers thank them with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli import pay_address
from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.pay_address import WHO, payee
from firsthand.cli.session import open_access, open_workspace

__all__ = ["register"]

_ITEM = typer.Argument(help="The lot or piece: its URI.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    pay = typer.Typer(no_args_is_help=True, help="Thank makers, and say where they are paid.")
    pay_address.add_to(pay)
    pay.command("rate")(show_rate)
    pay.command("quote")(quote_payment)
    pay.command("receive")(receive_payment)
    pay.command("status")(status)
    pay.command("settle")(settle)
    pay.command("paid")(paid)
    pay.command("member")(member_payments)
    pay.command("members")(all_payments)
    pay.command("remittances")(write_remittances)
    pay.command("books")(show_books)
    app.add_typer(pay, name="pay")


def show_rate(
    currency: Annotated[str, typer.Argument(help="A code of ISO 4217.")] = "USD",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show what one BSV is worth, who says so, and how old that is.

    Example:  firsthand pay rate EUR
    """
    from firsthand.service.rates import Rates

    workspace = open_workspace()
    rate = Rates(workspace).current(currency)
    age = rate.age(workspace.now())
    value = {
        "currency": rate.currency,
        "value": str(rate.value),
        "asOf": rate.as_of,
        "ageSeconds": age,
        "source": rate.source,
    }
    emit(as_json, value, f"1 BSV = {rate.value} {rate.currency}, {age} s ago ({rate.source})")


def quote_payment(
    item: Annotated[str, _ITEM],
    path: Annotated[str, typer.Option(help="wallet, direct or cooperative.")],
    satoshis: Annotated[int | None, typer.Option(help="So much for the makers.")] = None,
    amount: Annotated[str, typer.Option(help="Or an amount of a currency, e.g. 2.50.")] = "",
    currency: Annotated[str, typer.Option(help="Its code of ISO 4217.")] = "USD",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Ask for a payment: the outputs for a wallet, or an address for this payment alone.

    Example:  firsthand pay quote https://coop.example/id/lot/pack --path cooperative --satoshis 100000
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.pay import options, quote
    from firsthand.service.pay_views import payment_value

    if (satoshis is None) == (not amount):
        raise InvalidInput("give --satoshis or --amount")
    access = open_access()
    made = quote(access, options(access, item), path, satoshis=satoshis, amount=amount, currency=currency)
    value = payment_value(access, made)
    lines = [f"Payment {made.id}: {made.quote.satoshis} satoshis ({made.quote.thanks} for the makers)"]
    if "address" in value:
        lines += [f"Pay to {value['address']}", value["uri"]]
    else:
        lines += [f"{one['satoshis']:>12} {one['lockingScript']}" for one in value["outputs"]]
    emit(as_json, value, "\n".join(lines))


def receive_payment(
    payment: Annotated[str, typer.Argument(help="The payment's ID.")],
    file: Annotated[Path, typer.Argument(help="A BEEF or raw transaction, binary or hex; - reads stdin.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take in the transaction of a payment, checked by our own rules, and pass it on.

    Example:  firsthand pay receive 3f0c… payment.beef
    """
    from firsthand.service.pay_receive import receive
    from firsthand.service.pay_store import PaymentStore
    from firsthand.service.pay_views import payment_value

    access = open_access()
    found = PaymentStore(access).get(payment)
    receive(access, found, _bytes_of(file))
    value = payment_value(access, found)
    emit(as_json, value, f"Payment {payment}: {value['state']}")


def status(
    payment: Annotated[str, typer.Argument(help="The payment's ID.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show how far a payment has come.

    Example:  firsthand pay status 3f0c…
    """
    from firsthand.service.pay_store import PaymentStore
    from firsthand.service.pay_views import payment_value

    access = open_access()
    value = payment_value(access, PaymentStore(access).get(payment))
    rows = [
        (one["txid"], one["satoshis"], one["state"], one["blockHeight"] or "")
        for one in (*value["receipts"], *value["passedOn"])
    ]
    text = f"{value['state']}: {value['paid']} of {value['thanks']} satoshis paid to makers\n"
    emit(as_json, value, text + table("", ("transaction", "satoshis", "state", "block"), rows))


def settle(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Look for money at every address given, pass on what has come or waited, and journal it.

    Example:  firsthand pay settle
    """
    from firsthand.service.paid import accrued
    from firsthand.service.pay_out import pass_on
    from firsthand.service.pay_receive import watch
    from firsthand.service.pay_store import PaymentStore

    access = open_access()
    new = watch(access, [one for one in PaymentStore(access).all() if one.script is not None])
    pass_on(access)
    held = accrued(access)
    rows = sorted(held.items())
    text = f"{new} new transactions; {sum(held.values())} satoshis are held for makers\n"
    emit(as_json, {"new": new, "held": held}, text + table("", ("held for", "satoshis"), rows))


def paid(item: Annotated[str, _ITEM], as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Show what an item's makers were paid so far, with the transactions that prove it.

    Example:  firsthand pay paid https://coop.example/id/lot/pack
    """
    from firsthand.service.paid import paid_to_makers
    from firsthand.service.pay_views import paid_value
    from firsthand.service.trace import lot_uri

    access = open_access()
    value = paid_value(access, paid_to_makers(access, lot_uri(item)))
    rows = [
        (one["txid"], one["satoshis"], one["state"], one["blockHeight"] or "")
        for one in value["transactions"]
    ]
    text = (
        f"{value['satoshis']} satoshis in {value['payments']} payments, "
        f"{value['pending']} on the way, {value['held']} held\n"
    )
    emit(as_json, value, text + table("", ("transaction", "satoshis", "state", "block"), rows))


def member_payments(who: Annotated[str, WHO], as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List what a party or member got from shoppers, and what is held for them.

    Example:  firsthand pay member 17
    """
    from firsthand.service.pay_views import party_value

    access = open_access()
    value = party_value(access, payee(access.workspace, who))
    rows = [
        (one["created"], one["kind"], one["satoshis"], one["state"], one["txid"]) for one in value["lines"]
    ]
    text = f"{value['paid']} satoshis paid, {value['held']} held\n"
    emit(as_json, value, text + table("", ("when", "", "satoshis", "state", "transaction"), rows))


def all_payments(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List what each party and member got from shoppers, and what is held for each.

    Example:  firsthand pay members
    """
    from firsthand.service.pay_views import parties_value

    value = parties_value(open_access())
    rows = [(one["name"], one["uri"], one["paid"], one["held"], one["payout"]) for one in value["parties"]]
    emit(as_json, value, table("", ("name", "party", "paid", "held", "paid to"), rows))


def write_remittances(
    who: Annotated[str, WHO],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the JSON.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write what a maker's BRC-100 wallet needs to take its outputs in (`internalizeAction`).

    Example:  firsthand pay remittances "Adela Quispe" -o adela.json
    """
    import msgspec

    from firsthand.service.paid import remittances

    access = open_access()
    found = [
        {
            "tx": list(one.atomic_beef),
            "description": "Thanks from shoppers",
            "outputs": [
                {
                    "outputIndex": one.vout,
                    "protocol": "wallet payment",
                    "paymentRemittance": {
                        "derivationPrefix": one.prefix,
                        "derivationSuffix": one.suffix,
                        "senderIdentityKey": one.sender_identity_key,
                    },
                }
            ],
        }
        for one in remittances(access, [payee(access.workspace, who)])
    ]
    output.write_bytes(msgspec.json.encode(found))
    emit(as_json, {"payments": len(found), "file": str(output)}, f"{len(found)} payments in {output}")


def show_books(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Account for every satoshi: what arrived is paid, a fee, or held. Exits 1 when it is not.

    Example:  firsthand pay books
    """
    from dataclasses import asdict

    from firsthand.service.paid import books

    found = books(open_access())
    value = {**asdict(found), "balance": found.balance}
    rows = [(name.replace("_", " "), amount) for name, amount in value.items()]
    emit(as_json, value, table("", ("", "satoshis"), rows))
    if found.balance:
        raise typer.Exit(1)


def _bytes_of(file: Path) -> bytes:
    import sys

    from firsthand.service.verification import read_source

    data = sys.stdin.buffer.read() if str(file) == "-" else read_source(str(file))
    try:
        return bytes.fromhex(data.decode("ascii").strip())
    except ValueError:
        return data
