"""How a certificate stands, as of one occasion: a shipment, a harvest, any event.

The place in the log decides what was revoked or suspended then; dates of validity are held against the
event's own time. A certificate that was put on record after the event counts from there, by what its issuer
says of the past. Anything that cannot be told is *unknown*, and never passes for *valid*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from firsthand.events.identifiers import canonical
from firsthand.events.instants import timestamp_text
from firsthand.proof.credential import Credential, StatusEntry
from firsthand.proof.trust_list import Believed, TrustList

__all__ = ["Evidence", "Judgement", "Occasion", "Standing", "State", "judge", "recognised", "state_at"]


class Standing(StrEnum):
    """One word for how a certificate stands."""

    VALID = "valid"
    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    OTHER_SUBJECT = "of another subject"
    UNRECOGNISED = "unrecognised issuer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class State:
    """One bit of a status list from the change at `place` on, up to the place of the next known change.

    `until` is None where no later change is known. An observed list says nothing of times after
    `fresh_until` (microseconds since 1970), when its issuer wanted it to be fetched anew.
    """

    place: int
    until: int | None
    set: bool
    fresh_until: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a certificate: its place, its key, and how its status went.

    `bound`: a party statement before that place says that the key speaks for the issuer. `states` are
    by entry, in the order of their places; an entry that is missing there is unknown.
    """

    credential: Credential
    key: str
    bound: bool
    place: int
    states: Mapping[StatusEntry, Sequence[State]]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a certificate is asked about: an event's place and time, and the URIs that it may speak of.

    `place` None is the end of the log; `subjects` None asks of whatever the certificate speaks of.
    """

    time: int
    place: int | None = None
    subjects: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The word, its reason, and what happened afterwards."""

    standing: Standing
    detail: str
    later: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether it counted on that occasion."""
        return self.standing is Standing.VALID


_WORDS = {"revocation": Standing.REVOKED, "suspension": Standing.SUSPENDED}


def judge(evidence: Evidence, scheme: str | None, trust: TrustList | None, occasion: Occasion) -> Judgement:
    """How a certificate of a scheme stands on an occasion, by this trust list.

    A scheme of None, or no trust list at all, recognises nobody.
    """
    credential = evidence.credential
    if occasion.subjects is not None:
        wanted = {canonical(subject) for subject in occasion.subjects}
        if not wanted & {canonical(subject) for subject in credential.subjects}:
            return Judgement(
                Standing.OTHER_SUBJECT, f"it speaks of {', '.join(credential.subjects) or 'nothing named'}"
            )
    if recognised(evidence, scheme, trust, occasion.time) is None:
        return Judgement(Standing.UNRECOGNISED, _unrecognised(evidence, scheme, trust))
    place = None if occasion.place is None else max(occasion.place, evidence.place + 1)
    later = tuple(_later(evidence, place))
    for word, detail in _by_status(evidence, place, occasion.time):
        return Judgement(word, detail, later)
    time = occasion.time
    if credential.valid_from is not None and time < credential.valid_from:
        starts = timestamp_text(credential.valid_from)
        return Judgement(Standing.NOT_YET_VALID, f"it holds from {starts}", later)
    if credential.valid_until is not None and time > credential.valid_until:
        return Judgement(Standing.EXPIRED, f"it held until {timestamp_text(credential.valid_until)}", later)
    after = occasion.place is not None and evidence.place > occasion.place
    recorded = f"on record since place {evidence.place}" + (", after the event" if after else "")
    return Judgement(Standing.VALID, recorded, later)


def recognised(
    evidence: Evidence, scheme: str | None, trust: TrustList | None, time: int | None = None
) -> Believed | None:
    """Who is believed for this certificate: its issuer, where the list names it and its key is theirs."""
    if trust is None or scheme is None:
        return None
    issuer = evidence.credential.issuer
    believed = trust.believed(scheme, issuer, time)
    if believed is None or not (issuer.startswith("did:") or evidence.bound or evidence.key in believed.keys):
        return None
    return believed


def state_at(states: Sequence[State], place: int | None) -> State | None:
    """The state that holds at a place (None: at the end); None where it is not known."""
    if place is None:
        return states[-1] if states and states[-1].until is None else None
    for state in states:
        if state.place < place and (state.until is None or place <= state.until):
            return state
    return None


def _by_status(evidence: Evidence, place: int | None, time: int) -> list[tuple[Standing, str]]:
    """What the status lists say against it, the gravest first."""
    found: list[tuple[Standing, str]] = []
    unknown: list[tuple[Standing, str]] = []
    for entry in evidence.credential.status:
        state = state_at(evidence.states.get(entry, ()), place)
        if state is not None and state.set:
            word = _WORDS.get(entry.purpose)
            text = f"by the list {entry.list} at place {state.place}"
            found.append((word, text) if word else (Standing.UNKNOWN, f"{entry.purpose}: set {text}"))
        elif state is None:
            unknown.append((Standing.UNKNOWN, f"the {entry.purpose} list {entry.list} is not known for then"))
        elif state.until is None and state.fresh_until is not None and time > state.fresh_until:
            until = timestamp_text(state.fresh_until)
            text = f"the {entry.purpose} list {entry.list} was seen last when it held until {until}"
            unknown.append((Standing.UNKNOWN, text))
    return sorted(found, key=lambda one: one[0] is not Standing.REVOKED) + unknown


def _later(evidence: Evidence, place: int | None) -> list[str]:
    """What became of it after that place, in order."""
    if place is None:
        return []
    told = []
    for entry in evidence.credential.status:
        word = _WORDS.get(entry.purpose, entry.purpose)
        before = state_at(evidence.states.get(entry, ()), place)
        held = before.set if before is not None else False
        for state in evidence.states.get(entry, ()):
            if state.place >= place and state.set != held:
                held = state.set
                told.append(
                    (state.place, f"{word if held else f'no longer {word}'} since place {state.place}")
                )
    return [text for _, text in sorted(told)]


def _unrecognised(evidence: Evidence, scheme: str | None, trust: TrustList | None) -> str:
    issuer = evidence.credential.issuer
    if trust is None:
        return f"there is no trust list to say whether {issuer} is believed"
    if scheme is None:
        return "it is of no type that a profile knows"
    if any(one.issuer == issuer for one in trust.schemes.get(scheme, ())):
        return f"{issuer} is believed for {scheme}, but not then, or not by the key {evidence.key}"
    return f"{issuer} is not on the trust list for {scheme}"
