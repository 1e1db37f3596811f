"""`certify list`, `show`, `check` and `prove`: how certificates stand, and the proof of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, progress, table
from firsthand.cli.session import open_access, open_workspace
from firsthand.errors import InvalidInput, UnreadableInput

if TYPE_CHECKING:
    from firsthand.service.workspace import Workspace

__all__ = ["CREDENTIALS", "register"]

CREDENTIALS = typer.Argument(help="IDs of credentials, or the last parts of them.")


def register(certify: typer.Typer) -> None:
    """Add the commands to the group."""
    certify.command("list")(list_)
    certify.command("show")(show)
    certify.command("check")(check)
    certify.command("prove")(prove)


def list_(
    of: Annotated[str | None, typer.Option(help="Only those of this party, lot, piece or place.")] = None,
    at: Annotated[str | None, typer.Option(help="As of a date or time; by default now.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """List certificates and how they stand.

    Example:  firsthand certify list --of https://coop.example/id/party/farmer-F01
    """
    from firsthand.cli.certificate_text import plain_certified
    from firsthand.proof.standing import Occasion
    from firsthand.service.certificate_book import CertificateBook
    from firsthand.service.certify import workspace_subject

    workspace = open_workspace()
    book = CertificateBook(workspace)
    occasion = Occasion(_moment(workspace, at))
    kept = workspace.credentials.of([workspace_subject(workspace, of)]) if of else workspace.credentials.all()
    found = [book.judge(one, occasion) for one in kept]
    rows = [
        (
            one.kept.type or "(unknown)",
            ", ".join(one.credential.subjects),
            one.judgement.standing.value,
            one.kept.issuer,
            one.kept.id,
        )
        for one in found
    ]
    text = table("", ("type", "of", "standing", "issuer", "ID"), rows)
    emit(as_json, {"certificates": [plain_certified(one) for one in found]}, text)


def show(
    credential: Annotated[str, typer.Argument(help="A credential's ID, or the last part of it.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print a credential itself, as it was signed.

    Example:  firsthand certify show k3v… > certificate.json
    """
    import msgspec

    from firsthand.service.certify import find_credential

    document = msgspec.json.decode(find_credential(open_workspace(), credential).document)
    text = msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
    emit(as_json, document, text)


def check(
    what: Annotated[str, typer.Argument(help="A file with certificate proofs, or a credential's ID here.")],
    headers: Annotated[
        str | None, typer.Option(help="Your block headers: a raw file, or a header service's URL.")
    ] = None,
    own: Annotated[
        str | None, typer.Option("--trust", help="Your own trust list, a JSON file; by default the proof's.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="As of a date or time.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Check certificates: a file's without any workspace, or one of this workspace. Exit 0: all count.

    Example:  firsthand certify check lot7.fhproof --headers headers.raw
    Example:  firsthand certify check k3v… --at 2026-03-01
    """
    if Path(what).is_file():
        _check_file(Path(what), headers, own, at, as_json)
    else:
        _check_kept(what, at, as_json)


def prove(
    credentials: Annotated[list[str], CREDENTIALS],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    event: Annotated[
        list[str] | None, typer.Option(help="Event IDs or lots: as of these it is to be judged.")
    ] = None,
    dated: Annotated[
        bool,
        typer.Option("--dated", help="Under the earliest anchor that holds its last change: when it was."),
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write proofs of certificates, one a line: on record where, and how their status went.

    Example:  firsthand certify prove k3v… -o certificate.fhproof
    """
    from firsthand.proof.certificate_proof import write_certificate_proof
    from firsthand.service.certificate_book import CertificateBook
    from firsthand.service.certify import find_credential
    from firsthand.service.prove import event_numbers, write_whole
    from firsthand.service.prove_certificates import last_change, prove_certificate

    access = open_access()
    access.sync_headers()
    book = CertificateBook(access.workspace)
    kept = [find_credential(access.workspace, name) for name in credentials]
    numbers = event_numbers(access, event) if event else []
    places = [access.workspace.journal.event(number)[0].place for number in numbers]

    def line(one: Any) -> bytes:
        before = last_change(book, one) + 1 if dated else None
        return write_certificate_proof(prove_certificate(access, one, places, before=before, book=book))

    with progress("Proving", len(kept)) as told:
        size = write_whole(output, (line(one) for one in kept), told)
    value = {"file": str(output), "certificates": len(kept), "bytes": size}
    emit(as_json, value, f"Wrote {len(kept)} certificate proofs to {output} ({size:,} bytes).")


def _check_file(file: Path, headers: str | None, own: str | None, at: str | None, as_json: bool) -> None:
    from firsthand.cli.certificate_text import (
        certificate_text,
        plain_certificate,
        plain_standing,
        standing_text,
    )
    from firsthand.proof.certificate_verify import CertificateReport
    from firsthand.service.certificate_check import for_event, read_trust, standing, types_by_name
    from firsthand.service.verification import verify_file

    reports = list(verify_file(file, headers=headers))
    certificates = [report for report in reports if isinstance(report, CertificateReport)]
    if not certificates:
        raise UnreadableInput("the file holds no certificate proof", str(file))
    types, believed = types_by_name(), read_trust(own) if own else None
    events = [report for report in reports if not isinstance(report, CertificateReport)]
    checked = [one for event in events for one in for_event(event, certificates, types, believed)]
    if not events or at is not None:
        moment = _rfc3339(at) if at is not None else None
        checked = [standing(report, types, believed, moment) for report in certificates]
    proven = all(report.proven for report in reports if isinstance(report, CertificateReport))
    counts = proven and bool(checked) and all(one.judgement.valid for one in checked)
    value = {
        "counts": counts,
        "certificates": [plain_certificate(report) for report in certificates],
        "standings": [plain_standing(one) for one in checked],
    }
    texts = [certificate_text(report) for report in certificates] + [standing_text(one) for one in checked]
    emit(as_json, value, "\n\n".join(texts))
    if not counts:
        raise typer.Exit(1)


def _check_kept(name: str, at: str | None, as_json: bool) -> None:
    from firsthand.cli.certificate_text import certified_text, plain_certified
    from firsthand.proof.standing import Occasion
    from firsthand.service.certificate_book import CertificateBook
    from firsthand.service.certify import find_credential

    workspace = open_workspace()
    kept = find_credential(workspace, name)
    one = CertificateBook(workspace).judge(kept, Occasion(_moment(workspace, at)))
    emit(as_json, plain_certified(one), certified_text(one))
    if not one.judgement.valid:
        raise typer.Exit(1)


def _moment(workspace: Workspace, at: str | None) -> int:
    from firsthand.events.instants import microseconds

    return microseconds(_rfc3339(at) if at is not None else workspace.now())


def _rfc3339(text: str) -> str:
    """A date (its first second, UTC) or a time with zone."""
    try:
        moment = datetime.fromisoformat(f"{text}T00:00:00+00:00" if len(text) == 10 else text)
    except ValueError:
        raise InvalidInput(f"--at: expected a date or a time with zone, got {text!r}") from None
    if moment.tzinfo is None:
        raise InvalidInput(f"--at: expected a time with zone, got {text!r}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
