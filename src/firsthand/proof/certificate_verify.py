"""Verify one certificate proof: bytes in, report out.

    1. Credential  it is a credential whose proof verifies, and its leaf is included under the record's root
    2. Signatures  every document relied on verifies under a key in force at its place in the log
    3. Status      the changes shown follow each other, and their roots hold the bit of this credential
    4. to 8.       as for an event (`anchored`)

Proven is a certificate when all eight pass. Whether it *counts* is another question, asked of the report for
each event: `CertificateReport.judge` holds it against the event's place, time and subjects, by a trust list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from firsthand.errors import InvalidInput, Unauthorized
from firsthand.events.instants import microseconds
from firsthand.proof.anchored import (
    AnchoredReport,
    AnchoredVerification,
    NotChecked,
    Outcome,
)
from firsthand.proof.bundle import Placed
from firsthand.proof.capture import SeenBlock, entry_leaf
from firsthand.proof.certificate_proof import CertificateProof, ShownChange, parse_certificate_proof
from firsthand.proof.credential import Credential, StatusEntry, credential_leaf, verify_credential
from firsthand.proof.credential_record import CredentialRecord, parse_record
from firsthand.proof.data_integrity import Keys, verify_proof
from firsthand.proof.did_key import PublicKey, decode_did_key
from firsthand.proof.headers import HeaderView
from firsthand.proof.merkle import root_from_inclusion
from firsthand.proof.parties import STATEMENT_TYPE, Party, PartyHistory
from firsthand.proof.standing import Evidence, Judgement, Occasion, State, judge
from firsthand.proof.status_list import (
    StatusChange,
    bits_root,
    check_follows,
    decode_bits,
    parse_change,
    parse_status_list,
    proven_bit,
)
from firsthand.proof.trust_list import TrustList, parse_trust_list

__all__ = ["CERTIFICATE_STEPS", "CertificateReport", "fresh_until", "published_bits", "verify_certificate"]

CERTIFICATE_STEPS: Final = (
    *("credential", "signatures", "status", "log", "checkpoint", "anchor", "block", "header"),
)
_DAY: Final = 86_400_000_000


@dataclass(slots=True, kw_only=True)
class CertificateReport(AnchoredReport):
    """What the verification of a certificate proof found.

    `recorded_by` put it on record; `issuer` is the issuer as a party of this log, None where it is none.
    `trust` is the last trust list that the proof carries; `after` the block that who changed a status had
    seen, by the place of the change.
    """

    credential: Credential | None = None
    key: str = ""
    recorded_by: Party | None = None
    issuer: Party | None = None
    trust: TrustList | None = None
    states: dict[StatusEntry, tuple[State, ...]] = field(default_factory=dict)
    after: dict[int, SeenBlock] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Whether all eight steps passed."""
        passed = [step.name for step in self.steps if step.outcome is Outcome.PASSED]
        return tuple(passed) == CERTIFICATE_STEPS

    @property
    def evidence(self) -> Evidence:
        """What it is judged by. Raises InvalidInput unless the certificate is proven."""
        if not self.proven or self.credential is None:
            failed = next((step for step in self.steps if step.outcome is not Outcome.PASSED), None)
            raise InvalidInput(f"the certificate is not proven: {failed.detail if failed else ''}")
        bound = self.issuer is not None and self.key in self.issuer.keys
        return Evidence(self.credential, self.key, bound, self.place, self.states)

    def judge(self, scheme: str | None, occasion: Occasion, trust: TrustList | None = None) -> Judgement:
        """How it stands on an occasion, by the verifier's own trust list or else the one in the proof.

        Raises InvalidInput unless it is proven.
        """
        return judge(self.evidence, scheme, trust or self.trust, occasion)


def verify_certificate(line: bytes, headers: HeaderView | None) -> CertificateReport:
    """Run the eight steps over one certificate proof; `headers` None leaves step 8 unchecked.

    Raises UnreadableInput or InvalidInput when the line cannot be read as one at all.
    """
    return _CertificateVerification(parse_certificate_proof(line), headers).run(CERTIFICATE_STEPS)


def published_bits(
    document: dict[str, Any], change: StatusChange, keys: Keys | None = None
) -> tuple[bytes, str]:
    """The bits of an observed list and the did:key that signed it. Raises InvalidInput."""
    published = parse_status_list(document)
    signer = verify_proof(document, keys=keys)
    if published.credential.issuer.startswith("did:") and published.credential.issuer != signer.controller:
        raise InvalidInput(f"the status list is signed by {signer.controller}, not by its issuer")
    if change.observed != credential_leaf(document) or published.credential.id != change.list:
        raise InvalidInput("the status list is not the one that was observed")
    if change.purpose not in published.purposes:
        raise InvalidInput(f"the status list is not for {change.purpose}")
    bits = decode_bits(published.encoded)
    if len(bits) * 8 != change.length or bits_root(bits) != change.root:
        raise InvalidInput("the status list has another root than the one that was observed")
    return bits, signer.did


def fresh_until(document: dict[str, Any], seen: str) -> int:
    """Until when an observed list may be relied on: its `validUntil`, or its `ttl` after it was `seen`.

    A list that says neither is good for a day. Microseconds since 1970 (VC-BITSTRING-STATUS-LIST §2.2).
    """
    credential = parse_status_list(document).credential
    ttl = document["credentialSubject"].get("ttl")
    limit = ttl * 1000 if type(ttl) is int and 0 <= ttl < 2**40 else _DAY
    if credential.valid_until is None:
        return microseconds(seen) + limit
    return (
        min(credential.valid_until, microseconds(seen) + limit)
        if type(ttl) is int
        else credential.valid_until
    )


class _CertificateVerification(AnchoredVerification[CertificateReport]):
    """The steps over one certificate proof; each leaves behind what later ones need."""

    def __init__(self, proof: CertificateProof, headers: HeaderView | None) -> None:
        self.proof = proof
        super().__init__(proof, proof.entries(), headers, CertificateReport(place=proof.record.place))
        self._record: CredentialRecord | None = None

    def steps(self) -> tuple[Callable[[], str], ...]:
        return (
            self.credential,
            self.signatures,
            self.status,
            self.log,
            self.checkpoint,
            self.anchor,
            self.block,
            self.header,
        )

    # 1. Credential: its proof verifies, and its leaf is included under the record's root.
    def credential(self) -> str:
        record = self._record = parse_record(self.proof.record.document, "$.record.document")
        credential, verified = verify_credential(self.proof.credential, self._keys)
        leaf = credential_leaf(self.proof.credential)
        root = root_from_inclusion(leaf, self.proof.index, record.count, self.proof.path)
        if root != record.root:
            raise InvalidInput(
                f"the credential leads to root {root.hex()}, the record names {record.root.hex()}"
            )
        self.report.credential, self.report.key = credential, verified.did
        looked_up = (
            "" if verified.controller.startswith("did:key:") else ", as the record says it was looked up"
        )
        return f"signed with {verified.did}{looked_up}; {self.proof.index + 1} of {record.count} on record"

    # 2. Signatures: the documents in the order of their places, each under a key in force at its own.
    def signatures(self) -> str:
        history = PartyHistory()
        last = -1
        for entry in self.proof.entries():
            if entry.place <= last:
                raise InvalidInput(f"two documents claim place {entry.place}")
            last = entry.place
            if entry.document.get("type") == STATEMENT_TYPE:
                history.apply(entry.place, entry_leaf(entry.document), entry.document)
                continue
            party = _signer(history, entry)
            if entry is self.proof.record:
                self.report.recorded_by = party
                if self.report.credential is not None:
                    self.report.issuer = history.party(self.report.credential.issuer)
        if self.proof.trust is not None:
            self.report.trust = parse_trust_list(self.proof.trust.document, "$.trust.document")
        if self.report.recorded_by is None:
            raise InvalidInput("the record is a party statement")
        return f"put on record by {self.report.recorded_by.name} ({self.report.recorded_by.uri})"

    # 3. Status: the changes shown follow each other and hold the bit of this credential.
    def status(self) -> str:
        credential = self.report.credential
        if credential is None:
            raise NotChecked("the credential cannot be read")
        used = 0
        for entry in credential.status:
            shown = [one for one in self.proof.status if _of(one, entry)]
            self.report.states[entry] = tuple(self._states(entry, shown))
            used += len(shown)
        if used != len(self.proof.status):
            raise InvalidInput("a change of another status list is shown")
        if not credential.status:
            return "it names no status list: it cannot be withdrawn"
        return f"{used} changes of {len(credential.status)} status lists shown"

    def _states(self, entry: StatusEntry, shown: list[ShownChange]) -> list[State]:
        states: list[State] = []
        before: tuple[StatusChange, bytes] | None = None
        for one in sorted(shown, key=lambda change: change.entry.place):
            change = parse_change(one.entry.document, "$.status.change.document")
            if before is not None and change.number <= before[0].number:
                raise InvalidInput(f"the changes of {entry.list} are out of order")
            linked = before is not None and change.previous == before[1]
            if linked and before is not None:
                check_follows(change, *before)
            if states:
                # Between two changes that do not follow each other, others may lie.
                until = one.entry.place if linked else states[-1].place + 1
                states[-1] = State(states[-1].place, until, states[-1].set, states[-1].fresh_until)
            states.append(self._state(entry, one, change))
            before = change, entry_leaf(one.entry.document)
        return states

    def _state(self, entry: StatusEntry, shown: ShownChange, change: StatusChange) -> State:
        assert self.report.credential is not None
        bit = proven_bit(shown.bit, change, entry.index)
        if change.after is not None:
            self.report.after[shown.entry.place] = change.after
        fresh = None
        if change.observed is not None:
            if shown.published is None:
                raise InvalidInput(f"the observed list {entry.list} is not shown")
            _, key = published_bits(shown.published, change, self._keys)
            published = parse_status_list(shown.published).credential.issuer
            self._require_issuer(published, key)
            fresh = fresh_until(shown.published, shown.entry.document["created"])
        elif shown.published is not None:
            raise InvalidInput(f"the list {entry.list} is shown, which was not observed")
        else:
            self._require_issuer(change.issuer, "")
        return State(shown.entry.place, None, bit, fresh)

    def _require_issuer(self, issuer: str, key: str) -> None:
        """Only the credential's own issuer says what became of it."""
        assert self.report.credential is not None
        if issuer != self.report.credential.issuer:
            raise Unauthorized(f"a status list of {issuer}, expected {self.report.credential.issuer}'s")
        if key and not issuer.startswith("did:") and key != self.report.key:
            raise Unauthorized(f"the status list is signed with {key}, the credential with {self.report.key}")

    def _keys(self, method: str) -> PublicKey:
        resolved = self._record.resolved if self._record is not None else {}
        if method not in resolved:
            raise InvalidInput(f"the record does not say to which key {method[:200]} led")
        return decode_did_key(resolved[method])


def _signer(history: PartyHistory, entry: Placed) -> Party:
    issuer = entry.document.get("issuer")
    if type(issuer) is not str:
        raise InvalidInput(f"the document at place {entry.place} names no issuer")
    return history.require_key(issuer, verify_proof(entry.document).did)


def _of(shown: ShownChange, entry: StatusEntry) -> bool:
    document = shown.entry.document
    return document.get("list") == entry.list and document.get("purpose") == entry.purpose
