"""The certificates of a sample season: issued before its first file, withdrawn between two of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from firsthand.proof.canonical import parse_canonical
from firsthand.service.certify import issue_certificates, set_status
from firsthand.service.parties import add_party
from firsthand.service.trust_lists import believe
from firsthand.service.workspace import Workspace

__all__ = ["SeasonCertificates"]

_NUMBERS: Final = frozenset(
    f"fh:{name}" for name in ("certificateNumber", "reportNumber", "gotsScopeNumber", "gotsTransactionNumber")
)
"""What a season calls a certificate by."""


class SeasonCertificates:
    """What `certificates.toml` of a season says; nothing where it has none."""

    def __init__(self, workspace: Workspace, season: Path, profile: str) -> None:
        file = season / "certificates.toml"
        self._plan: dict[str, Any] = tomllib.loads(file.read_text()) if file.is_file() else {}
        self._workspace = workspace
        self._profile = profile
        self.issued: dict[str, tuple[str, str]] = {}

    def issue(self) -> None:
        """Register the certifiers, believe them, and issue the certificates of each under one record."""
        known = self._workspace.parties.current()
        for certifier in self._plan.get("certifiers", ()):
            if known.party(certifier["uri"]) is None:
                add_party(self._workspace, certifier["name"], ("certifier",), uri=certifier["uri"])
            for scheme in certifier["schemes"]:
                believe(self._workspace, scheme, certifier["uri"], keeper=self._plan["keeper"])
            wanted = [one for one in self._plan["certificates"] if one["by"] == certifier["uri"]]
            requests = [request for one in wanted for request in _each(one)]
            made = issue_certificates(self._workspace, certifier["uri"], self._profile, requests)
            for kept in made.credentials:
                subject = parse_canonical(kept.document)["credentialSubject"]
                for number in _NUMBERS & subject.keys():
                    self.issued[subject[number]] = (kept.id, certifier["uri"])

    def withdraw(self, before: str) -> None:
        """Revoke or suspend what is to be withdrawn before that file; before none, at the season's end."""
        for one in self._plan.get("withdrawals", ()):
            if one["before"] == before:
                id, issuer = self.issued[one["certificate"]]
                set_status(self._workspace, issuer, [id], one["purpose"], True)


def _each(certificate: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for value in certificate.get("each", [""]):
        yield {
            "type": certificate["type"],
            "subject": certificate["of"].replace("{each}", value),
            "elements": {
                name: text.replace("{each}", value) for name, text in certificate["elements"].items()
            },
            "validFrom": certificate["validFrom"],
            "validUntil": certificate["validUntil"],
        }
