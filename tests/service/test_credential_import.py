"""Credentials from elsewhere, over a real local server: did:key and did:web issuers, and lists that lie."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firsthand.errors import FirsthandError, InvalidInput, NotFound, UnreadableInput
from firsthand.events.instants import microseconds
from firsthand.identity.credentials import certificate_document, published_list
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.canonical import canonical
from firsthand.proof.certificate_verify import verify_certificate
from firsthand.proof.credential import StatusEntry
from firsthand.proof.did_key import verification_method
from firsthand.proof.standing import Occasion, Standing
from firsthand.proof.status_list import LEAST
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.certificate_types import type_named
from firsthand.service.credential_import import Imported, import_credential, observe_lists
from firsthand.service.fetch import MOST_BYTES, HttpFetcher
from firsthand.service.trust_lists import believe
from tests.certified import ORGANIC, Certified
from tests.web.test_operations import certificate as tls_certificate

LOCAL = ("127.0.0.0/8", "::1/128")
NOW = "2026-07-01T00:00:00Z"


class Elsewhere:
    """A certifier's web server: what it serves is set by each test."""

    def __init__(self, folder: Path) -> None:
        self.pages: dict[str, bytes | int] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path, 404)
                self.send_response(page if isinstance(page, int) else 200)
                if page == 302:
                    self.send_header("Location", "https://localhost/elsewhere")
                self.end_headers()
                if isinstance(page, bytes):
                    self.wfile.write(page)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cert, key = tls_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.fetcher = HttpFetcher(LOCAL, ssl.create_default_context(cafile=str(cert)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def did(self) -> str:
        return f"did:web:localhost%3A{self.port}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    one = Elsewhere(tmp_path)
    yield one
    one.server.shutdown()
    one.server.server_close()


class Foreign:
    """A certifier elsewhere with its key, a certificate of the maker, and its revocation list."""

    def __init__(self, folder: Path, elsewhere: Elsewhere, *, web: bool = False) -> None:
        self.made = Certified(folder)
        self.made.workspace.now = lambda: NOW
        self.elsewhere = elsewhere
        self.key = SigningKey.generate("Ed25519", secrets.token_bytes)
        self.issuer = elsewhere.did if web else self.key.did
        self.list = f"{elsewhere.url}/status/1"
        if web:
            method = {
                "id": f"{self.issuer}#k",
                "type": "Multikey",
                "controller": self.issuer,
                "publicKeyMultibase": self.key.did.removeprefix("did:key:"),
            }
            document = {"id": self.issuer, "verificationMethod": [method], "assertionMethod": ["#k"]}
            elsewhere.pages["/.well-known/did.json"] = json.dumps(document).encode()
        believe(self.made.workspace, "organic", self.issuer, name="Elsewhere")
        self.credential = self.sign(self.certificate())
        self.serve(set())

    def certificate(self, **more: Any) -> dict[str, Any]:
        kind = type_named(self.made.workspace, "coffee", "organic")
        terms = {f"fh:{name}": value for name, value in ORGANIC.items() if name != "certifiedWeight"}
        document = certificate_document(
            kind,
            credential_id=f"{self.elsewhere.url}/credentials/1",
            issuer=self.issuer,
            subject=self.made.maker.uri,
            elements={**terms, "fh:certifiedProducts": ["coffee"]},
            prefixes={"fh": "https://firsthand.example/ns/"},
            valid_from="2026-01-01T00:00:00Z",
            valid_until="2026-12-31T00:00:00Z",
            status=[StatusEntry("revocation", self.list, 7)],
        )
        return {**document, **more}

    def sign(self, document: dict[str, Any], created: str = NOW) -> dict[str, Any]:
        """Signed with the key, under the name that the issuer's DID has for it."""
        if self.issuer == self.key.did:
            return secure(document, self.key, created)
        from firsthand.proof.data_integrity import hash_data
        from firsthand.proof.did_key import base58_text

        options = secure(document, self.key, created)["proof"]
        options = {name: value for name, value in options.items() if name != "proofValue"}
        assert options["verificationMethod"] == verification_method(self.key.did)
        options["verificationMethod"] = f"{self.issuer}#k"
        signature = self.key.sign(hash_data(document, options))
        return {**document, "proof": {**options, "proofValue": base58_text(signature)}}

    def published(
        self,
        found: set[int],
        valid_from: str = "2026-06-30T00:00:00Z",
        valid_until: str = "2026-07-07T00:00:00Z",
    ) -> bytes:
        bits = bytearray(LEAST // 8)
        for index in found:
            bits[index // 8] |= 0x80 >> index % 8
        document = published_list(
            self.list, "revocation", bytes(bits), self.issuer, self.key, valid_from, valid_until
        )
        del document["proof"]
        return canonical(self.sign(document, valid_from))

    def serve(self, found: set[int], **times: str) -> None:
        self.elsewhere.pages["/status/1"] = self.published(found, **times)

    def bring(self, document: dict[str, Any] | None = None) -> Imported:
        data = canonical(document or self.credential)
        return import_credential(self.made.workspace, self.made.coop.uri, data, self.elsewhere.fetcher)

    def refresh(self) -> list[str]:
        """What is wrong with the lists, or nothing."""
        seen = observe_lists(self.made.workspace, self.made.coop.uri, self.elsewhere.fetcher)
        return [one.problem for one in seen]

    def standing(self, imported: Imported, at: str = NOW, place: int | None = None) -> Standing:
        kept = imported.issued.credentials[0]
        occasion = Occasion(microseconds(at), place, frozenset((self.made.maker.uri,)))
        return CertificateBook(self.made.workspace).judge(kept, occasion).judgement.standing


@pytest.mark.parametrize("web", [False, True])
def test_a_credential_is_brought_in_and_proven(tmp_path: Path, elsewhere: Elsewhere, web: bool) -> None:
    foreign = Foreign(tmp_path, elsewhere, web=web)
    imported = foreign.bring()
    assert [one.problem for one in imported.lists] == [""]
    assert imported.issued.new
    assert not foreign.bring().issued.new
    assert foreign.standing(imported) is Standing.VALID
    held = foreign.made.harvest(1)
    assert foreign.refresh() == [""]
    foreign.serve({7}, valid_from="2026-07-01T00:00:00Z")
    assert foreign.refresh() == [""]
    after = foreign.made.harvest(2)
    assert foreign.standing(imported, place=held) is Standing.VALID
    assert foreign.standing(imported, place=after) is Standing.REVOKED
    foreign.made.anchored()
    report = verify_certificate(foreign.made.line(imported.issued, held, after), foreign.made.headers())
    assert report.proven, report.steps
    assert ("as the record says" in report.steps[0].detail) is web
    for place, standing in ((held, Standing.VALID), (after, Standing.REVOKED)):
        assert report.judge("organic", Occasion(microseconds(NOW), place)).standing is standing


def test_a_list_that_cannot_be_reached_leaves_it_unknown(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    for page in (404, 500, 302, b"<html>", b"[]", b"x" * (MOST_BYTES + 1)):
        elsewhere.pages["/status/1"] = page
        credential = foreign.certificate(id=f"{elsewhere.url}/credentials/{secrets.token_hex(4)}")
        imported = foreign.bring(foreign.sign(credential))
        assert imported.lists[0].problem
        assert foreign.standing(imported) is Standing.UNKNOWN
    foreign.made.anchored()
    report = verify_certificate(foreign.made.line(imported.issued), foreign.made.headers())
    assert report.judge("organic", Occasion(microseconds(NOW))).standing is Standing.UNKNOWN
    foreign.serve(set())
    assert foreign.refresh() == [""]
    assert foreign.standing(imported) is Standing.VALID


def test_a_list_replayed_from_the_past_is_not_believed(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    imported = foreign.bring()
    good = elsewhere.pages["/status/1"]
    foreign.serve({7}, valid_from="2026-07-01T00:00:00Z")
    assert foreign.refresh() == [""]
    assert foreign.standing(imported) is Standing.REVOKED
    elsewhere.pages["/status/1"] = good
    (problem,) = foreign.refresh()
    assert "older than the one" in problem
    assert foreign.standing(imported) is Standing.REVOKED


def test_a_list_past_its_time_is_not_believed(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    foreign.serve(set(), valid_from="2026-05-01T00:00:00Z", valid_until="2026-05-08T00:00:00Z")
    imported = foreign.bring()
    assert "past its time" in imported.lists[0].problem
    assert foreign.standing(imported) is Standing.UNKNOWN


def test_a_list_is_good_for_its_own_time_only(tmp_path: Path, elsewhere: Elsewhere) -> None:
    """Nobody renewed it: what is asked of a later day is unknown, of an earlier one it is not."""
    foreign = Foreign(tmp_path, elsewhere)
    imported = foreign.bring()
    elsewhere.pages["/status/1"] = 404
    assert foreign.standing(imported, "2026-07-06T00:00:00Z") is Standing.VALID
    assert foreign.standing(imported, "2026-07-08T00:00:00Z") is Standing.UNKNOWN


def test_a_list_of_somebody_else_is_not_believed(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    thief = SigningKey.generate("Ed25519", secrets.token_bytes)
    clear, until, its = bytes(LEAST // 8), "2026-07-07T00:00:00Z", (foreign.issuer, foreign.key)
    lists = [
        published_list(foreign.list, "revocation", clear, thief.did, thief, NOW, until),
        published_list(f"{elsewhere.url}/status/2", "revocation", clear, *its, NOW, until),
        published_list(foreign.list, "suspension", clear, *its, NOW, until),
        {**json.loads(foreign.published(set())), "validUntil": "2027-01-01T00:00:00Z"},
    ]
    for number, document in enumerate(lists):
        elsewhere.pages["/status/1"] = canonical(document)
        credential = foreign.certificate(id=f"{elsewhere.url}/credentials/{number}")
        imported = foreign.bring(foreign.sign(credential))
        assert imported.lists[0].problem, number
        assert foreign.standing(imported) is Standing.UNKNOWN


def test_what_does_not_hold_is_not_brought_in(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    workspace, size = foreign.made.workspace, foreign.made.workspace.journal.size()
    changed = {**foreign.credential, "validUntil": "2030-01-01T00:00:00Z"}
    short = foreign.sign(foreign.certificate(credentialSubject={"id": foreign.made.maker.uri}))
    stranger = foreign.sign(
        foreign.certificate(issuer="did:key:z6MkgYGF3thn8k1Fv4p4dWXKtsXCnLH7q9yw4QgNPULDmDKB")
    )
    for wrong in (changed, short, stranger, {}):
        with pytest.raises(InvalidInput):
            foreign.bring(wrong) if wrong else import_credential(workspace, "Coop", b"{}", elsewhere.fetcher)
    with pytest.raises(UnreadableInput):
        import_credential(workspace, "Coop", b"not json", elsewhere.fetcher)
    assert workspace.journal.size() == size


def test_an_issuer_that_nobody_believes_shows_as_such(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere)
    other = SigningKey.generate("P-256", secrets.token_bytes)
    brought = foreign.bring(secure(foreign.certificate(issuer=other.did), other, NOW))
    assert foreign.standing(brought) is Standing.UNRECOGNISED


def test_a_did_web_without_its_document(tmp_path: Path, elsewhere: Elsewhere) -> None:
    foreign = Foreign(tmp_path, elsewhere, web=True)
    for page, kind in ((404, NotFound), (b"{}", InvalidInput), (b"<", UnreadableInput)):
        elsewhere.pages["/.well-known/did.json"] = page
        with pytest.raises(kind):
            foreign.bring()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a",
        "https://127.0.0.1/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://169.254.169.254/latest",
        "https://localhost/a",
        "ftp://example.com/a",
        "https://user:password@example.com/a",
        "file:///etc/passwd",
    ],
)
def test_no_address_from_within_is_fetched(url: str) -> None:
    with pytest.raises(FirsthandError):
        HttpFetcher().fetch(url)
