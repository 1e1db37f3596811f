"""A passport as a page that works without scripts, and as data. Jinja escapes whatever a maker wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

import msgspec

from firsthand.errors import NotFound
from firsthand.service.map import Drawn, draw
from firsthand.service.pages import built_page
from firsthand.service.passport_facts import Fact
from firsthand.service.passport_model import Certificate, Named, Passport
from firsthand.trace.evidence import ORIGIN
from firsthand.web.page_templates import STYLE, TEMPLATES, render
from firsthand.web.words import LOCALES, Words, words_of

__all__ = [
    "ASSETS",
    "POLICY",
    "SCRIPT",
    "STYLE",
    "Links",
    "asset",
    "etag_of",
    "missing_page",
    "passport_data",
    "passport_page",
]

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    # The reader's phone asks header services of its choice; nothing else leaves the page.
    "connect-src 'self' https: http://127.0.0.1:* http://localhost:*; "
    "base-uri 'none'; form-action 'none'"
)
SCRIPT: Final = "passport.js"
_OTHER_SCRIPTS: Final = ("pay.js", "wallet.js", "claim.js")
ICON: Final = "icon.svg"

ASSETS: Final = (STYLE, SCRIPT, ICON)

_COLOURS: Final = 8
_FILES: Final = {STYLE: "text/css", ICON: "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Links:
    """Where a passport's page leads: to itself in a language, its data, its proofs, and what it loads.

    `headers` is a header service to ask where one of the sandbox is known; `shown` gives a photograph's
    address by its hash, or None. `pay` is where its makers are thanked and `claim` where it is
    claimed, `label` where a scan of its label is judged; empty where that cannot be.
    """

    page: Callable[[str], str]
    data: str
    proofs: str
    verifier: str
    asset: Callable[[str], str]
    headers: str = ""
    pay: str = ""
    claim: str = ""
    label: str = ""
    shown: Callable[[str], str | None] = lambda _: None


def asset(name: str) -> tuple[bytes, str]:
    """A stylesheet or script of the page, and its media type. Raises NotFound."""
    if name in _FILES:
        return (TEMPLATES / name).read_bytes(), _FILES[name]
    if name in (SCRIPT, *_OTHER_SCRIPTS):
        return built_page(name).body, "text/javascript"
    raise NotFound(f"there is no {name[:40]}")


def passport_page(found: Passport, tag: str, links: Links, paid: dict[str, Any] | None = None) -> bytes:
    """The page in a language of LOCALES; `paid` is what makers were paid (`service.pay_views`), if known."""
    view = _View(found, words_of(tag))
    return _render("passport.html", tag, links, passport=found, view=view, paid=paid)


def missing_page(tag: str, links: Links) -> bytes:
    """The page for an item of which nothing is published."""
    return _render("missing.html", tag, links)


def _render(template: str, tag: str, links: Links, **values: Any) -> bytes:
    languages = [(one, words_of(one)) for one in LOCALES if one != "en-US"]
    return render(
        template,
        words=words_of(tag),
        links=links,
        languages=languages,
        script=_has_script(),
        style=STYLE,
        policy=POLICY,
        **values,
    )


def _has_script() -> bool:
    try:
        built_page(SCRIPT)
    except NotFound:
        return False
    return True


class _View:
    """What the template asks of a passport in a language."""

    def __init__(self, found: Passport, words: Words) -> None:
        self._found = found
        self._words = words
        parties = dict.fromkeys(
            one.uri
            for some in ([maker.party for maker in found.makers], *(stage.parties for stage in found.stages))
            for one in some
        )
        self._colours = {uri: at % _COLOURS for at, uri in enumerate(parties)}

    def colour(self, party: Named) -> str:
        """The class of a party's colour."""
        return f"p{self._colours.get(party.uri, 0)}"

    def title(self, stage: Any) -> str:
        """The craft's word for a step, else the standard's."""
        own = self._words.label(stage.labels)
        return own or self._words.maybe(f"step.{stage.biz_step}") or stage.step or stage.biz_step

    def claim(self, claim: Any) -> str:
        """A claim's word."""
        return (
            self._words.text("claim.origin")
            if claim.name == ORIGIN
            else self._words.label(claim.labels) or str(claim.name)
        )

    def value(self, fact: Fact) -> str:
        """What was stated of an element, as text."""
        words = self._words
        if fact.low is None or fact.high is None:
            said = words.listed([words.label(one) for one in fact.words])
            return f"{said} {words.text('more', count=fact.more)}" if fact.more else said
        tell = self._teller(fact)
        low, high = tell(fact.low), tell(fact.high)
        return low if low == high else f"{low} – {high}"

    def _teller(self, fact: Fact) -> Callable[[Fraction], str]:
        words = self._words
        if fact.kind == "price":
            per = f" / {words.unit(fact.unit)}" if fact.unit else ""
            return lambda value: words.money(value, fact.currency) + per
        return lambda value: words.amount(value, fact.unit)

    @property
    def stated_by(self) -> list[str]:
        """Everyone who stated something of the origin and the claims."""
        return self._names("stated_by")

    @property
    def confirmed_by(self) -> list[str]:
        """Everyone who confirmed something of them."""
        return self._names("confirmed_by")

    def _names(self, who: str) -> list[str]:
        named = (one.name for claim in self._found.claims for one in getattr(claim, who))
        return list(dict.fromkeys(named))

    def people(self, names: list[str], most: int = 6) -> str:
        """Names in a sentence, each kept in its own direction; beyond `most` they are counted."""
        shown = [f"\u2068{name}\u2069" for name in names[:most]]
        if len(names) > most:
            return f"{', '.join(shown)} {self._words.text('more', count=len(names) - most)}"
        return self._words.listed(shown)

    @property
    def sealed(self) -> int:
        """How many values are kept private."""
        return sum(stage.sealed for stage in self._found.stages)

    @property
    def only_declared(self) -> Fraction:
        """The part of the origin that nobody but its makers stated."""
        origin = next((one for one in self._found.claims if one.name == ORIGIN), None)
        if origin is None:
            return Fraction(0)
        return origin.parts.get("self-declared", Fraction(0)) + origin.parts.get("none", Fraction(0))

    @property
    def paid(self) -> list[tuple[str, Fact]]:
        """What was paid, with the step in which it was."""
        return [(self.title(stage), fact) for stage in self._found.stages for fact in stage.paid]

    @property
    def certificates(self) -> list[tuple[Certificate, int]]:
        """The certificates, those that read alike together, with how many they are."""
        alike: dict[tuple[Any, ...], list[Certificate]] = {}
        for one in self._found.certificates:
            alike.setdefault((one.type, one.issuer.uri, one.standing, one.since, one.until), []).append(one)
        return [(some[0], len(some)) for some in alike.values()]

    def map(self) -> Drawn | None:
        """The map of the places whose position is public."""
        return draw(
            [
                (one.latitude, one.longitude, one.coarse)
                for one in self._found.places
                if one.latitude is not None and one.longitude is not None
            ]
        )

    def shown(self, links: Links) -> list[str]:
        """The addresses of the photographs that are here."""
        return [address for one in self._found.photographs if (address := links.shown(one)) is not None]

    def level_note(self, claim: Any) -> list[tuple[str, str]]:
        """The parts of a claim by level, where there is more than one."""
        if len(claim.parts) < 2:
            return []
        return [(self._words.percent(part), level) for level, part in reversed(claim.parts.items())]


def passport_data(found: Passport, proofs: str) -> bytes:
    """The passport as JSON; shares and quantities are exact fractions as text, `1/3`."""
    document = {**asdict(found), "proofs": proofs}
    return msgspec.json.encode(_plain(document))


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def etag_of(body: bytes) -> str:
    """An entity tag of these bytes."""
    return f'"{sha256(body).hexdigest()[:32]}"'
