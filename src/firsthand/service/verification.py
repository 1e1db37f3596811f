"""Verification for someone who has no workspace: a bundle file, and headers of their own choosing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from firsthand.chain.header_service import HeaderService
from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import FirsthandError, InvalidInput, NotFound, UnreadableInput, WrongNetwork
from firsthand.proof.account_bundle import StatementReport, statement_network, verify_statement
from firsthand.proof.bundle import bundle_lines, parse_bundle
from firsthand.proof.certificate_proof import is_certificate, parse_certificate_proof
from firsthand.proof.certificate_verify import CertificateReport, verify_certificate
from firsthand.proof.checkpoint import parse_note
from firsthand.proof.headers import HEADER_SIZE
from firsthand.proof.verify import Report, verify

__all__ = ["load_headers", "read_source", "verify_file", "verify_statement_file"]

_MAX_FILE: Final = 512_000_000
_BATCH: Final = 2_000


def verify_file(
    path: Path, *, headers: str | None = None, seals: str | None = None, since: str | None = None
) -> Iterator[Report | CertificateReport]:
    """Verify every bundle of a file, of an event or of a certificate.

    `headers` is a file of raw 80-byte headers or a header service's URL; `seals` a seals file or its URL,
    `since` a file with a signed checkpoint seen earlier. Raises UnreadableInput or InvalidInput naming the
    line that is no bundle, and what reading the sources raises.
    """
    data = read_source(str(path))
    seals_data = read_source(seals) if seals else None
    since_data = read_source(since) if since else None
    views: dict[str, RawHeaders | None] = {}
    for number, line in enumerate(bundle_lines(data), 1):
        with _at(f"line {number}"):
            certificate = is_certificate(line)
            network = _network_of(line, certificate)
        if network not in views:
            views[network] = load_headers(headers, network) if headers else None
        with _at(f"line {number}"):
            if certificate:
                report: Report | CertificateReport = verify_certificate(line, views[network])
            else:
                report = verify(line, views[network], seals=seals_data, since=since_data)
        yield report


def verify_statement_file(path: Path, *, headers: str | None = None) -> StatementReport:
    """Verify the proof of an account's statement, with headers as in `verify_file`. Raises likewise."""
    data = read_source(str(path))
    network = statement_network(data)
    return verify_statement(data, load_headers(headers, network) if headers else None)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Whatever cannot be read, with the place where it stands."""
    try:
        yield
    except InvalidInput as error:
        path = f"{place}: {error.path}" if error.path else place
        raise type(error)(error.reason, path) from None


def _network_of(line: bytes, certificate: bool) -> str:
    """The network that a bundle says it is of; which headers fit is checked by step 8."""
    note = (parse_certificate_proof(line) if certificate else parse_bundle(line)).checkpoint
    try:
        return parse_note(note).checkpoint.network
    except UnreadableInput:
        return ""


def load_headers(source: str, network: str) -> RawHeaders | None:
    """Check the headers of a file, or of a header service from the network's start on.

    Headers of another network are viewed as that network's, so that a sandbox's proof never passes as
    mainnet's and the report says why. Raises InvalidInput naming the source and the first header that breaks
    a rule.
    """
    if source.startswith(("http://", "https://")):
        raw = b"".join(_download(HeaderService(source), network))
    else:
        raw = read_source(source)
    wanted = [network] if network in NETWORKS else []
    first: FirsthandError | None = None
    for name in [*wanted, *(name for name in NETWORKS if name != network)]:
        try:
            with _at(source):
                return check_headers(raw, NETWORKS[name])
        except WrongNetwork as error:
            first = first or error
    raise first or InvalidInput("the headers are of no known network")


def _download(service: HeaderService, network: str) -> Iterator[bytes]:
    tip, _ = service.tip()
    start = NETWORKS[network].start if network in NETWORKS else 0
    while start <= tip:
        raw = service.headers(start, min(_BATCH, tip - start + 1))
        if not raw or len(raw) % HEADER_SIZE:
            raise InvalidInput(f"the header service gave {len(raw)} bytes for the headers from {start} on")
        yield raw
        start += len(raw) // HEADER_SIZE


def read_source(source: str) -> bytes:
    """The bytes of a file or of an http(s) URL, bounded. Raises UnreadableInput, NotFound for a URL's."""
    if source.startswith(("http://", "https://")):
        return _read_url(source)
    path = Path(source)
    try:
        if path.stat().st_size > _MAX_FILE:
            raise UnreadableInput(f"{path} has more than {_MAX_FILE} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None


def _read_url(url: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        with httpx.stream("GET", url, timeout=30, follow_redirects=True) as response:
            response.raise_for_status()
            for part in response.iter_bytes():
                size += len(part)
                if size > _MAX_FILE:
                    raise UnreadableInput(f"{url} gives more than {_MAX_FILE} bytes")
                parts.append(part)
    except httpx.HTTPError as error:
        raise NotFound(f"{url}: {error}") from None
    return b"".join(parts)
