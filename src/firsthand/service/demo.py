"""The demo: a whole sample season recorded, anchored, proven, verified, and one byte of it changed."""

from __future__ import annotations

import secrets
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import firsthand
from firsthand.chain.headers import check_headers
from firsthand.chain.keys import WalletKey
from firsthand.errors import NotFound
from firsthand.ledger.payouts import PayoutRecord
from firsthand.proof.bundle import bundle_lines
from firsthand.proof.certificate_proof import is_certificate
from firsthand.proof.certificate_verify import CertificateReport, verify_certificate
from firsthand.proof.verify import Report, verify
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.certificate_check import for_event, types_by_name
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.parties import add_party
from firsthand.service.payout_addresses import set_payout
from firsthand.service.photographs import add_photograph
from firsthand.service.prove import prove_events, write_whole
from firsthand.service.prove_certificates import certificate_lines, certificates_for
from firsthand.service.publish import publish
from firsthand.service.record import record_file
from firsthand.service.season_certificates import SeasonCertificates
from firsthand.service.setup import initialise
from firsthand.service.status import Status, status

__all__ = ["BUNDLES", "HEADERS", "Played", "crafts", "play", "season_folder"]

BUNDLES: Final = "season.fhproof"
HEADERS: Final = "headers.raw"


@dataclass(slots=True)
class Played:
    """What the demo did: counts, seconds by step, the state it left, and the report of the changed bundle.

    `certificates` counts, over all events and the certificates that bear on them, how these stood.
    """

    access: ChainAccess
    status: Status
    bundles: int
    valid: int
    tampered: Report
    changed: tuple[str, str]
    certificates: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)


def crafts() -> list[str]:
    """The crafts that have a sample season."""
    return sorted(_seasons())


def season_folder(profile: str) -> Path:
    """The sample season of a craft: in the wheel, or in the source tree. Raises NotFound."""
    seasons = _seasons()
    if profile not in seasons:
        raise NotFound(f'there is no sample season for "{profile}"; there are: {", ".join(sorted(seasons))}')
    return seasons[profile]


def _seasons() -> dict[str, Path]:
    package = Path(firsthand.__file__).parent
    return {
        plan.parent.name.removesuffix("-season"): plan.parent
        for folder in (package.parents[1] / "examples", package / "examples")
        for plan in folder.glob("*-season/season.toml")
    }


def play(profile: str, folder: Path, told: Callable[[str], None]) -> Played:
    """Play the season of a craft in a new workspace; `told` hears what begins."""
    season = season_folder(profile)
    plan = tomllib.loads((season / "season.toml").read_text())
    seconds: dict[str, float] = {}
    workspace = initialise(
        folder,
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri=plan["base"],
        passphrase="",
    )
    steps = _Steps(ChainAccess(workspace), season, plan, folder, seconds)
    for name, step in (
        ("parties registered", steps.parties),
        ("certificates issued", steps.certificates),
        ("files recorded", steps.record),
        ("log anchored and published", steps.anchor),
        ("bundles written", steps.prove),
        ("bundles verified", steps.verify),
    ):
        told(name)
        started = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - started
    return steps.played()


class _Steps:
    """The steps of the demo, each with what the ones before left."""

    def __init__(
        self,
        access: ChainAccess,
        season: Path,
        plan: dict[str, Any],
        folder: Path,
        seconds: dict[str, float],
    ) -> None:
        self._access = access
        self._season = season
        self._plan = plan
        self._folder = folder
        self._seconds = seconds
        self._lines: list[bytes] = []
        self._reports: list[Report] = []
        self._proofs: list[CertificateReport] = []
        self._certificates = SeasonCertificates(access.workspace, season, plan["profile"])

    def parties(self) -> None:
        for party in self._plan["parties"]:
            add_party(self._access.workspace, party["name"], (party["role"],), uri=party["uri"])
            if party["role"] in ("maker", "cooperative"):
                self._wallet(party["uri"])

    def _wallet(self, party: str) -> None:
        """A sample wallet, its secret kept in the keystore, so that the makers can be thanked."""
        workspace = self._access.workspace
        secret = secrets.token_bytes(32)
        workspace.keystore.put(f"sample-wallet:{party}", secret)
        key = WalletKey(secret, self._access.network).public.hex()
        set_payout(workspace, party, PayoutRecord(identity_key=key, public=True))

    def certificates(self) -> None:
        self._certificates.issue()

    def record(self) -> None:
        for file in self._plan["files"]:
            self._certificates.withdraw(file["path"])
            record_file(
                self._access.workspace,
                self._season / file["path"],
                file["signed_by"],
                profile=self._plan["profile"],
                mapping=file.get("mapping"),
            )
        self._certificates.withdraw("")
        for picture in sorted((self._season / "photographs").glob("*")):
            add_photograph(self._folder, picture)

    def anchor(self) -> None:
        anchor(self._access)
        publish(self._access)
        wait_until_mined(self._access, timeout=60)

    def prove(self) -> None:
        events = sum(entry.count for entry in self._access.workspace.journal.entries())
        numbers = list(range(events))
        wanted = certificates_for(self._access, numbers)
        lines = chain(prove_events(self._access, numbers), certificate_lines(self._access, wanted))
        write_whole(self._folder / BUNDLES, lines, lambda done: None)
        (self._folder / HEADERS).write_bytes(b"".join(export_headers(self._access)))

    def verify(self) -> None:
        headers = check_headers((self._folder / HEADERS).read_bytes(), self._access.network)
        for line in bundle_lines((self._folder / BUNDLES).read_bytes()):
            if is_certificate(line):
                self._proofs.append(verify_certificate(line, headers))
            else:
                self._lines.append(line)
                self._reports.append(verify(line, headers))

    def played(self) -> Played:
        """Change one digit of the last event's time and verify again."""
        headers = check_headers((self._folder / HEADERS).read_bytes(), self._access.network)
        line = self._lines[-1]
        at = line.index(b'"eventTime":"') + len(b'"eventTime":"') + 9
        before = line[at - 9 : at + 10].decode()
        digit = b"1" if line[at : at + 1] != b"1" else b"2"
        changed = line[:at] + digit + line[at + 1 :]
        after = changed[at - 9 : at + 10].decode()
        return Played(
            access=self._access,
            status=status(self._access),
            bundles=len(self._reports),
            valid=sum(report.valid for report in self._reports),
            tampered=verify(changed, headers),
            changed=(before, after),
            certificates=self._standings(),
            seconds=self._seconds,
        )

    def _standings(self) -> dict[str, int]:
        types = types_by_name()
        found = Counter(
            one.judgement.standing.value
            for report in self._reports
            for one in for_event(report, self._proofs, types)
        )
        return dict(sorted(found.items()))
