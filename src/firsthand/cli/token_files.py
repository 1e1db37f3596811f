"""`token export`, `import`, `verify`, `challenge`, `respond`, `pdf`: a token's file, and who owns it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_access

if TYPE_CHECKING:
    from firsthand.chain.networks import Network
    from firsthand.chain.token import TokenReport
    from firsthand.service.token_files import TokenStatus

__all__ = ["register", "status_text", "status_value"]

FILE = typer.Argument(help="A token's file.")
HEADERS = typer.Option(help="Your block headers: a raw file, or a header service's URL.")


def register(token: typer.Typer) -> None:
    """Add the commands to the group."""
    token.command("export")(export)
    token.command("import")(import_file)
    token.command()(verify)
    token.command()(challenge)
    token.command()(respond)
    token.command()(pdf)


def export(
    piece: Annotated[str, typer.Argument(help="The piece's URI, or its token's outpoint TXID:0.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write a token's file: its whole path and the proven events about the piece, for anyone to verify.

    Example:  firsthand token export https://aurum.example/id/item/ring-7 -o ring-7.fhtoken
    """
    from firsthand.service.prove import write_whole
    from firsthand.service.token_files import export_token

    size = write_whole(output, export_token(open_access(), piece), lambda done: None)
    emit(as_json, {"file": str(output), "bytes": size}, f"Wrote {output} ({size:,} bytes).")


def import_file(
    file: Annotated[Path, FILE],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take a token's file into this workspace, after verifying it: to hold it here, or to take up its moves.

    Example:  firsthand token import ring-7.fhtoken
    """
    from firsthand.service.token_files import import_token
    from firsthand.service.verification import read_source

    access = open_access()
    report = import_token(access, read_source(str(file)))
    assert report.certificate is not None
    emit(
        as_json,
        {"piece": report.certificate.piece, "token": str(report.mint), "moves": len(report.hops) - 1},
        f"Took in {report.mint} for {report.certificate.piece}, {len(report.hops) - 1} moves after its mint.",
    )


def verify(
    file: Annotated[Path, FILE],
    headers: Annotated[str | None, HEADERS] = None,
    challenge: Annotated[str | None, typer.Option(help="The line that the holder was to sign.")] = None,
    response: Annotated[str | None, typer.Option(help="The holder's answer to it.")] = None,
    receipt: Annotated[str | None, typer.Option(help="The receipt of a sale, to be checked, too.")] = None,
    live: Annotated[
        str | None,
        typer.Option(help="Ask whether the tip is unspent: a node's JSON-RPC URL, or `workspace`."),
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Verify a token from its mint to now, without any workspace.

    Exit 0: it verifies and the certificate stands. 1: it does not, or the piece was melted, lost or stolen.
    2: unreadable.

    Example:  firsthand token verify ring-7.fhtoken --headers headers.raw
    """
    from firsthand.service import token_check

    report, _ = token_check.check_token(file, headers=headers, challenge=challenge, response=response)
    if live == "workspace":
        _ask_workspace(report)
    elif live is not None:
        token_check.ask_node(report, live)
    if receipt is not None:
        token_check.check_receipt(report, receipt)
    emit(as_json, report_value(report), report_text(report))
    asked = [step for step in report.further if step.name in ("ownership", "receipt", "tip unspent")]
    if not report.stands or any(step.outcome.value == "failed" for step in asked):
        raise typer.Exit(1)


def challenge(
    file: Annotated[Path, FILE],
    asked_by: Annotated[str, typer.Option("--as", help="Who asks; stands in the line.")] = "a verifier",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print a line for the holder to sign, with `token respond` or as a message in their wallet.

    Example:  firsthand token challenge ring-7.fhtoken --as "Insurer Ltd"
    """
    from firsthand.service.token_check import new_challenge

    text = new_challenge(file, asked_by)
    emit(as_json, {"challenge": text}, text)


def respond(
    challenge: Annotated[str, typer.Argument(help="The line that was sent to you.")],
    code: Annotated[
        str | None, typer.Option("--code", help="Your bearer code, if it lies under one.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Sign a challenge with the key that holds the token. It gives nothing away.

    Example:  firsthand token respond "I hold token 4f1e…:0 at …"
    """
    from firsthand.service.token_reports import respond as service

    text = service(open_access(), challenge, code)
    emit(as_json, {"response": text}, text)


def pdf(
    file: Annotated[Path, FILE],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PDF to write.")],
    headers: Annotated[str | None, HEADERS] = None,
    photo: Annotated[list[Path] | None, typer.Option(help="A photograph; drawn if its hash fits.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write a PDF for an insurer: photograph, fingerprint, certificates, history, and how to verify it anew.

    Example:  firsthand token pdf ring-7.fhtoken --headers headers.raw --photo ring-7.jpg -o ring-7.pdf
    """
    from firsthand.service.certificate_pdf import certificate_pdf
    from firsthand.service.prove import write_whole
    from firsthand.service.token_check import check_token
    from firsthand.service.workspace import utc_now

    report, _ = check_token(file, headers=headers)
    data = certificate_pdf(report, file.name, utc_now(), photo or [])
    size = write_whole(output, iter([data]), lambda done: None)
    value = {"file": str(output), "bytes": size, "stands": report.stands}
    emit(as_json, value, f"Wrote {output} ({size:,} bytes). {verdict(report)}")
    if not report.stands:
        raise typer.Exit(1)


def verdict(report: TokenReport) -> str:
    """The verdict in a sentence or two."""
    if not report.valid:
        return "NOT VALID: not every step passed."
    ends = {
        "melted": "THE TOKEN HAS ENDED: the piece was melted or destroyed, says who held it.",
        "lost": "THE TOKEN IS LOST: it left its path, and nobody can prove to own this piece by it.",
    }
    if report.state in ends:
        return ends[report.state]
    if report.stolen is not None:
        return f"REPORTED STOLEN by its {report.stolen.by} at {report.stolen.time}."
    assert report.certificate is not None
    last = report.hops[-1]
    moment = datetime.fromtimestamp(last.time or 0, UTC)
    sandbox = " This is a sandbox chain: it proves how the proof works, and nothing to others."
    return (
        f"VALID: {report.certificate.maker} certified {report.certificate.piece}; the token lies where block "
        f"{last.height} of {report.network} ({moment:%Y-%m-%d %H:%M} UTC) put it. Who can sign for it can "
        "prove to own it. Its chain's rules let a token be seized. Compare the piece with its fingerprint."
        + (sandbox if report.network in ("sandbox", "regtest") else "")
    )


def report_text(report: TokenReport) -> str:
    """A report for a person: the piece, the six steps, what stands beside them, the path, the verdict."""
    from firsthand.chain.networks import NETWORKS
    from firsthand.proof.token import event_word
    from firsthand.proof.transaction import hash_hex

    lines = [f"Token {report.mint}"]
    if report.certificate is not None:
        lines.append(f"{report.certificate.name}: {report.certificate.piece}")
    for number, step in enumerate(report.steps, 1):
        lines.append(f"  {number}. {step.name:<13} {step.outcome.value:<12} {step.detail}")
    lines.append("Beside the verdict:")
    lines += [f"  -  {step.name:<13} {step.outcome.value:<12} {step.detail}" for step in report.further]
    network = NETWORKS.get(report.network)
    hops = [
        (
            number,
            hash_hex(hop.txid),
            hop.height or "",
            _owner(hop.holding.owner if hop.holding else None, network),
        )
        for number, hop in enumerate(report.hops)
    ]
    lines.append(table("The token's path", ("", "transaction", "block", "held under"), hops))
    if report.events:
        events = [
            (
                found.block_height,
                str(found.event.get("eventTime")),
                event_word(found.event),
                found.party.name if found.party else "",
            )
            for found in report.events
        ]
        lines.append(table("What was recorded of it", ("block", "time stated", "what", "by"), events))
    return "\n".join([*lines, verdict(report)])


def report_value(report: TokenReport) -> dict[str, Any]:
    """A report for a program."""
    from firsthand.proof.certificate import certificate_document
    from firsthand.proof.transaction import hash_hex

    def steps(items: list[Any]) -> list[dict[str, str]]:
        return [{"name": step.name, "outcome": step.outcome.value, "detail": step.detail} for step in items]

    tip = report.tip
    return {
        "valid": report.valid,
        "stands": report.stands,
        "state": report.state.value,
        "token": str(report.mint),
        "tip": str(tip.outpoint) if tip else None,
        "owner": tip.owner if tip else None,
        "network": report.network,
        "depth": report.depth,
        "stolen": None if report.stolen is None else {"by": report.stolen.by, "time": report.stolen.time},
        "certificate": None if report.certificate is None else certificate_document(report.certificate),
        "steps": steps(report.steps),
        "further": steps(report.further),
        "path": [
            {"transaction": hash_hex(hop.txid), "height": hop.height, "time": hop.time} for hop in report.hops
        ],
        "events": [
            {
                "event": found.event,
                "issuer": found.party.uri if found.party else None,
                "height": found.block_height,
            }
            for found in report.events
        ],
        "verdict": verdict(report),
    }


def status_value(found: TokenStatus, network: Network) -> dict[str, Any]:
    """A workspace's knowledge of a token, for a program."""
    from firsthand.proof.certificate import certificate_document
    from firsthand.proof.transaction import hash_hex

    return {
        "piece": found.token.piece,
        "token": str(found.token.outpoint),
        "tip": str(found.tip) if found.tip else None,
        "address": _owner(found.owner, network) or None,
        "ended": found.ended,
        "claimed": found.claimed,
        "stolen": None if found.stolen is None else {"by": found.stolen.by, "time": found.stolen.time},
        "unspent": found.unspent,
        "height": found.height,
        "certificate": certificate_document(found.token.certificate),
        "path": [
            {
                "kind": step.kind,
                "transaction": hash_hex(step.txid),
                "at": step.created,
                "keeper": step.keeper,
                "height": step.height,
            }
            for step in found.path
        ],
        "events": [{"kind": kind, "time": time, "issuer": issuer} for kind, time, issuer in found.events],
    }


def status_text(found: TokenStatus, network: Network) -> str:
    """The same for a person."""
    from firsthand.proof.transaction import hash_hex

    rows = [
        (
            step.kind,
            hash_hex(step.txid),
            step.height or "in no block yet",
            step.keeper or "ended",
            step.created,
        )
        for step in found.path
    ]
    lines = [
        f"{found.token.certificate.name}: {found.token.piece}",
        table(f"Token {found.token.outpoint}", ("", "transaction", "block", "kept by", "at"), rows),
        table("What was recorded of it", ("what", "time stated", "by"), found.events),
    ]
    if found.tip is not None:
        said = {True: "unspent", False: "spent elsewhere", None: "not asked or not known"}[found.unspent]
        height = f" at height {found.height}" if found.height is not None else ""
        lines.append(f"It lies at {found.tip} under {_owner(found.owner, network)}; tip {said}{height}.")
    if found.stolen is not None:
        lines.append(f"REPORTED STOLEN by its {found.stolen.by} at {found.stolen.time}.")
    return "\n".join(lines)


def _owner(owner: bytes | None, network: Network | None) -> str:
    from firsthand.chain.keys import encode_address

    if owner is None:
        return ""
    return encode_address(owner, network) if network else owner.hex()


def _ask_workspace(report: TokenReport) -> None:
    from firsthand.service.token_check import put_tip
    from firsthand.service.token_files import live

    access = open_access()
    if report.tip is not None:
        unspent, height = live(access, report.tip.outpoint)
        source = f"the {access.workspace.settings.chain.broadcaster} of this workspace"
        put_tip(report, report.tip.outpoint, unspent, source, height)
