"""Certifiers, certificates and what is proven of them, that tests make for themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.proof.certificate_proof import write_certificate_proof
from firsthand.proof.parties import Party
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.certify import Issued, issue_certificates
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.parties import add_party
from firsthand.service.prove_certificates import prove_certificate
from firsthand.service.trust_lists import believe
from tests.made import event, new_access, record

ORGANIC: dict[str, Any] = {
    "certificateNumber": "SO-2026-0017",
    "standard": "Regulation (EU) 2018/848",
    "certifiedProducts": "coffee, cherry",
    "certifiedWeight": "571.8 KGM",
}


class Certified:
    """A workspace with a cooperative that keeps the trust list, a certifier that is on it, and a maker."""

    def __init__(self, folder: Path, database: str = "", now: str = "") -> None:
        self.access: ChainAccess = new_access(folder / "workspace", database)
        self.workspace = self.access.workspace
        if now:
            self.workspace.now = self.workspace.journal._now = lambda: now
        self.coop: Party = add_party(self.workspace, "Coop", ("cooperative",)).party
        self.certifier: Party = add_party(self.workspace, "Sample Organic", ("certifier",)).party
        self.maker: Party = add_party(self.workspace, "Adela", ("maker",)).party
        believe(self.workspace, "organic", self.certifier.uri)

    def issue(self, subject: str | None = None, **more: Any) -> Issued:
        """An organic certificate of the maker."""
        request = {
            "type": "organic",
            "subject": subject or self.maker.uri,
            "elements": ORGANIC,
            "validFrom": "2026-01-01",
            "validUntil": "2026-12-31",
            **more,
        }
        return issue_certificates(self.workspace, self.certifier.uri, "coffee", [request])

    def harvest(self, number: int, **more: Any) -> int:
        """An event of the maker's on its lot of that number; its place in the log."""
        return record(self.access, self.maker, event(number, **more)).place

    def anchored(self) -> None:
        """Anchor all, in a block."""
        anchor(self.access)
        wait_until_mined(self.access, timeout=60)

    def line(self, issued: Issued, *places: int, before: int | None = None) -> bytes:
        """The proof of the first certificate of these, as one line without its LF."""
        proof = prove_certificate(self.access, issued.credentials[0], places, before=before)
        return write_certificate_proof(proof)[:-1]

    def headers(self) -> RawHeaders:
        """The headers that a verifier has."""
        return check_headers(b"".join(export_headers(self.access)), NETWORKS["sandbox"])
