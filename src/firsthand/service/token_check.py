"""Verifying a token for someone who has no workspace: a file, headers of their own choosing, a live source
if any.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import msgspec

from firsthand.chain.beef import parse_beef
from firsthand.chain.node import Node
from firsthand.chain.token import TokenReport, TokenState, verify_token, walk
from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.bundle import parse_bundle
from firsthand.proof.checkpoint import parse_note
from firsthand.proof.fields import base64_text
from firsthand.proof.token import challenge_text, parse_token_file, piece_event
from firsthand.proof.transaction import Outpoint
from firsthand.proof.verify import Outcome, Step
from firsthand.service.chain_access import split_credentials
from firsthand.service.token_moves import receipt_digest
from firsthand.service.verification import load_headers, read_source

__all__ = ["ask_node", "check_receipt", "check_token", "new_challenge"]


def check_token(
    path: Path, *, headers: str | None = None, challenge: str | None = None, response: str | None = None
) -> tuple[TokenReport, bytes]:
    """Verify a token's file; the report, and the file's bytes.

    `headers` is a file of raw 80-byte headers or a header service's URL. Raises UnreadableInput or
    InvalidInput when it is no token file.
    """
    data = read_source(str(path))
    view = load_headers(headers, _network_of(data)) if headers else None
    report = verify_token(data, view, challenge=challenge, response=response)
    report.further.append(
        Step("tip unspent", Outcome.NOT_CHECKED, "no file can show it; ask a live source (--live)")
    )
    return report, data


def ask_node(report: TokenReport, url: str) -> None:
    """Ask a node whether the token's tip is unspent, and put its answer, labelled, beside the verdict."""
    tip = report.tip
    if report.state is not TokenState.LIVE or tip is None:
        return
    plain, credentials = split_credentials(url)
    user, _, password = (credentials or "").partition(":")
    node = Node(plain, user=user, password=password)
    height, _ = node.tip()
    put_tip(report, tip.outpoint, node.is_unspent(tip.outpoint.txid, tip.outpoint.vout), plain, height)


def put_tip(
    report: TokenReport, tip: Outpoint, unspent: bool | None, source: str, height: int | None
) -> None:
    """Say what a live source said of the tip, in the place of "not checked"."""
    words = {
        True: (Outcome.PASSED, "unspent"),
        False: (Outcome.FAILED, "spent: the token has moved on, and this file is not the newest"),
        None: (Outcome.NOT_CHECKED, "not known"),
    }
    outcome, said = words[unspent]
    detail = f"{tip} is {said}, says {source} at height {height}; the chain's rules let an output be frozen"
    report.further = [step for step in report.further if step.name != "tip unspent"]
    report.further.append(Step("tip unspent", outcome, detail))


def new_challenge(path: Path, asked_by: str) -> str:
    """A line for the holder of this file's token to sign; a new one each time."""
    file = parse_token_file(read_source(str(path)))
    _, hops, _ = walk(parse_beef(file.beef), file.mint)
    tip = hops[-1].holding
    if tip is None:
        raise InvalidInput("the token of this file has ended: nobody holds it")
    return challenge_text(file.mint, tip.outpoint, asked_by, secrets.token_bytes(16))


def check_receipt(report: TokenReport, source: str) -> None:
    """Whether a sale in the file carries the digest of this receipt; told beside the verdict."""
    try:
        document: Any = msgspec.json.decode(read_source(source))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(f"not JSON: {error}", source) from None
    if type(document) is not dict:
        raise UnreadableInput("expected a receipt", source)
    digest = base64_text(receipt_digest(document))
    for event in report.events:
        if piece_event(event.event) == "sale" and event.event.get("fh:receipt") == digest:
            assert event.party is not None
            detail = f"sold for {document.get('price')} on {document.get('sold')}, says {event.party.name}"
            report.further.append(Step("receipt", Outcome.PASSED, detail))
            return
    detail = "no sale in this file carries this receipt's digest"
    report.further.append(Step("receipt", Outcome.FAILED, detail))


def _network_of(data: bytes) -> str:
    """The network that the file's first bundle says it is of; which headers fit is checked by its steps."""
    for line in parse_token_file(data).bundles:
        try:
            return parse_note(parse_bundle(line).checkpoint).checkpoint.network
        except InvalidInput:
            break
    return ""
