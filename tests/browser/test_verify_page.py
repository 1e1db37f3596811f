"""The verifier as one file, in a real browser: what a reader sees for what they drop on it."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.proof.canonical import canonical
from firsthand.proof.headers import parse_header
from firsthand.service.certificate_check import types_by_name
from firsthand.service.certify import set_status
from firsthand.service.prove import event_numbers, prove_events
from tests.browser.conftest import Check, NewPhone, Shot
from tests.browser.header_services import DIALECTS, HeaderService
from tests.certified import Certified
from tests.made import LOT, Proven

LANGUAGES = {"en-GB": "ltr", "es-PE": "ltr", "fr-FR": "ltr", "ar-MA": "rtl"}
LOCALES = Path(__file__).parent.parent.parent / "web-ui" / "src" / "locales"

Serve = Callable[..., HeaderService]


@pytest.fixture
def opened(statics: Path, phone: Page) -> Page:
    """The verifier, from its file."""
    phone.goto((statics / "verify.html").as_uri())
    return phone


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[HeaderService] = []

    def start(raw: bytes, dialect: str = "chaintracks", **more: object) -> HeaderService:
        running.append(HeaderService(raw, dialect, **more))  # type: ignore[arg-type]
        return running[-1]

    yield start
    for service in running:
        service.close()


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop files on the page, as from a file manager."""
    transfer = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, text] of files) {
            const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
            transfer.items.add(new File([bytes], name));
          }
          return transfer;
        }""",
        [[name, b64encode(data).decode()] for name, data in files],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})


def name_services(page: Page, *urls: str) -> None:
    page.locator("details.headers").evaluate("element => { element.open = true; }")
    page.fill("#services", "\n".join(urls))


def verdict(page: Page) -> str:
    """The verdict on the one record, once it is there."""
    record = page.locator(".record:not(.running)").first
    record.wait_for()
    expect(page.locator("#status")).to_be_focused()
    return record.get_attribute("data-verdict") or ""


def outcomes(page: Page) -> dict[str, str]:
    steps = page.locator("ol.steps > .step")
    return {
        str(step.get_attribute("data-step")): str(step.get_attribute("data-outcome")) for step in steps.all()
    }


def detail(page: Page, step: str) -> str:
    return page.locator(f"[data-step='{step}'] code").first.text_content() or ""


def tampered(line: bytes) -> bytes:
    assert b"inspecting" in line
    return line.replace(b'"bizStep":"inspecting"', b'"bizStep":"inspectinG"')


def test_a_true_bundle_with_headers_of_ones_own(opened: Page, proven: Proven, axe: Check, shot: Shot) -> None:
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    axe(opened)
    shot(opened, "verify-start")
    files = [("lot7.fhproof", proven.line + b"\n"), ("headers.raw", proven.headers.raw)]
    drop(opened, *files, ("seals.jsonl", proven.seals), ("checkpoint.txt", proven.checkpoint))
    assert verdict(opened) == "passed"
    assert set(outcomes(opened).values()) == {"passed"}
    text = opened.locator(".record").inner_text()
    assert "Adela" in text
    assert "Whether it is true, no chain can say." in text
    assert "a chain for trying things out" in text
    assert not re.search("verified", text, re.IGNORECASE)
    opened.click("details.further > summary")
    further = opened.locator(".further .step")
    expect(further).to_have_count(5)
    assert [step.get_attribute("data-outcome") for step in further.all()].count("passed") == 3
    assert all(name.text_content() for name in opened.locator(".step strong").all())
    shot(opened, "verify-passed")
    axe(opened)
    # Nothing of it left the device, and nobody was asked.
    assert requests == []


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ("event", "capture"),
        ("statements", "signature"),
        ("place", "log"),
        ("genesis", "checkpoint"),
        ("header", "block"),
    ],
)
def test_a_tampered_bundle_fails_at_the_right_step(
    opened: Page, proven: Proven, change: str, step: str, axe: Check, shot: Shot
) -> None:
    bundle = json.loads(proven.line)
    if change == "event":
        bundle["event"]["bizStep"] = "packing"
    elif change == "statements":
        bundle["statements"] = []
    elif change == "place":
        bundle["capture"]["place"] += 1
    elif change == "genesis":
        bundle["genesis"] = bundle["anchor"]
    else:
        raw = bytearray(b64decode(bundle["block"]["header"]))
        raw[40] ^= 1
        bundle["block"]["header"] = b64encode(bytes(raw)).decode()
    drop(opened, ("lot7.fhproof", canonical(bundle) + b"\n"), ("headers.raw", proven.headers.raw))
    assert verdict(opened) == "failed"
    assert outcomes(opened)[step] == "failed"
    assert next(name for name, outcome in outcomes(opened).items() if outcome == "failed") == step
    expect(opened.locator(".record .verdict")).to_have_text("Do not rely on this record")
    shot(opened, f"verify-tampered-{step}")
    axe(opened)


def test_without_headers_nothing_passes_as_whole(opened: Page, proven: Proven, shot: Shot) -> None:
    drop(opened, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(opened) == "open"
    assert outcomes(opened)["header"] == "not checked"
    expect(opened.locator(".record .verdict")).to_have_text("Not checked fully")
    shot(opened, "verify-no-headers")
    # The headers may come later.
    drop(opened, ("headers.raw", proven.headers.raw))
    expect(opened.locator(".record.passed")).to_be_visible()
    assert verdict(opened) == "passed"


def test_headers_that_are_none(opened: Page, proven: Proven, axe: Check) -> None:
    raw = bytearray(proven.headers.raw)
    raw[100] ^= 1
    drop(opened, ("lot7.fhproof", proven.line + b"\n"), ("headers.raw", bytes(raw)))
    assert verdict(opened) == "open"
    expect(opened.locator("#headers-file")).to_contain_text("no headers file that can be believed")
    axe(opened)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_header_service_of_each_dialect(
    opened: Page, proven: Proven, serve: Serve, dialect: str, new_phone: NewPhone, statics: Path
) -> None:
    service = serve(proven.headers.raw, dialect)
    # Finding the dialect out asks for what others have.
    page = new_phone(allow="404")
    page.goto((statics / "verify.html").as_uri())
    name_services(page, service.url)
    drop(page, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(page) == "passed"
    assert f"by 127.0.0.1:{service.server.server_port}" in detail(page, "header")


@pytest.fixture
def mainnet_verifier(statics: Path, tmp_path: Path) -> Callable[[list[dict[str, str]]], Path]:
    """The verifier with services of the test's in place of the real ones, the sandbox under mainnet's."""

    def make(services: list[dict[str, str]]) -> Path:
        from tests.browser.rebuilt import rebuilt_verifier

        return rebuilt_verifier(tmp_path, services)

    return make


Rebuilt = Callable[[list[dict[str, str]]], Path]


def shipped(service: HeaderService, name: str) -> dict[str, str]:
    return {"name": name, "url": service.url, "dialect": service.dialect}


def test_two_services_that_ship_with_the_verifier_agree(
    new_phone: NewPhone, proven: Proven, serve: Serve, mainnet_verifier: Rebuilt, shot: Shot
) -> None:
    one, two = (
        serve(proven.headers.raw, "whatsonchain"),
        serve(proven.headers.raw, "bitails", host="localhost"),
    )
    page = new_phone()
    page.goto(mainnet_verifier([shipped(one, "One"), shipped(two, "Two")]).as_uri())
    drop(page, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(page) == "passed"
    assert detail(page, "header").endswith("by One and Two")
    assert one.asked
    assert two.asked
    shot(page, "verify-services-agree")


def test_services_that_disagree_raise_an_alarm(
    new_phone: NewPhone, proven: Proven, serve: Serve, mainnet_verifier: Rebuilt, shot: Shot, axe: Check
) -> None:
    raw = proven.headers.raw
    other = b"".join(raw[at : at + 76] + b"\xff\xff\xff\xff" for at in range(0, len(raw), 80))
    other = worked(other)
    services = [serve(raw, "chaintracks"), serve(other, "chaintracks", host="localhost")]
    page = new_phone()
    page.goto(
        mainnet_verifier(
            [shipped(one, name) for one, name in zip(services, ("One", "Two"), strict=True)]
        ).as_uri()
    )
    drop(page, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(page) == "alarm"
    assert outcomes(page)["header"] == "failed"
    assert "disagree about block" in detail(page, "header")
    expect(page.locator(".record .verdict")).to_contain_text("contradict")
    shot(page, "verify-services-disagree")
    axe(page)


def worked(raw: bytes) -> bytes:
    """The same headers with other nonces, each with the little work that the sandbox asks for."""
    found = []
    for at in range(0, len(raw), 80):
        start = raw[at : at + 76]
        for nonce in range(10**6):
            header = parse_header(start + (0xF0000000 + nonce).to_bytes(4, "little"))
            if int.from_bytes(header.hash, "little") >> 255 == 0:
                found.append(header.raw)
                break
    return b"".join(found)


@pytest.mark.parametrize("fault", ["down", "error", "no CORS", "no work", "behind"])
def test_one_service_alone_is_not_enough(
    new_phone: NewPhone, proven: Proven, serve: Serve, mainnet_verifier: Rebuilt, fault: str, shot: Shot
) -> None:
    raw = proven.headers.raw
    good = serve(raw, "chaintracks")
    if fault == "no work":
        idle = b"".join(
            raw[at : at + 72] + b"\x00\x00\x00\x03" + raw[at + 76 : at + 80] for at in range(0, len(raw), 80)
        )
        bad = serve(idle, "chaintracks", host="localhost")
    elif fault == "behind":
        bad = serve(raw[:160], "chaintracks", host="localhost")
    else:
        bad = serve(
            raw,
            "chaintracks",
            host="localhost",
            status=503 if fault == "error" else 200,
            cors=fault != "no CORS",
        )
    services = [shipped(good, "One"), shipped(bad, "Two")]
    if fault == "down":
        bad.close()
    page = new_phone(allow="Failed to load|CORS|503|404")
    page.goto(mainnet_verifier(services).as_uri())
    drop(page, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(page) == "open"
    assert outcomes(page)["header"] == "not checked"
    assert "2 independent header services must tell block" in detail(page, "header")
    assert "Two" in detail(page, "header")
    if fault == "down":
        shot(page, "verify-service-down")


def test_one_host_counts_once(
    new_phone: NewPhone, proven: Proven, serve: Serve, mainnet_verifier: Rebuilt
) -> None:
    service = serve(proven.headers.raw)
    page = new_phone()
    page.goto(mainnet_verifier([shipped(service, "One"), shipped(service, "The same")]).as_uri())
    drop(page, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(page) == "open"


def test_a_service_that_tells_another_block(opened: Page, proven: Proven, serve: Serve) -> None:
    service = serve(worked(proven.headers.raw))
    name_services(opened, service.url)
    drop(opened, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(opened) == "failed"
    assert "of the best chain is" in detail(opened, "header")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_language(
    new_phone: NewPhone, statics: Path, proven: Proven, locale: str, axe: Check, shot: Shot
) -> None:
    language = locale.split("-")[0]
    texts = json.loads((LOCALES / f"{language}.json").read_text())
    for scheme in ("light", "dark"):
        page = new_phone(locale, color_scheme=scheme)
        page.goto((statics / "verify.html").as_uri())
        expect(page.locator("h1")).to_have_text(texts["heading"])
        assert page.locator("html").get_attribute("dir") == LANGUAGES[locale]
        assert page.locator("html").get_attribute("lang") == language
        page.locator("details.headers > summary").click()
        drop(
            page,
            ("lot7.fhproof", tampered(proven.line) + b"\n" + proven.line + b"\n"),
            ("headers.raw", proven.headers.raw),
        )
        expect(page.locator(".record.passed .verdict")).to_have_text(texts["verdict.passed"])
        expect(page.locator(".record.failed .verdict")).to_have_text(texts["verdict.failed"])
        # Every text came from the catalogue: no key, no gap, no placeholder is left to see.
        shown = page.locator("body").inner_text()
        assert not re.search(r"\{\w+\}|\b(?:step|verdict|says|stated|outcome)\.\w", shown)
        shot(page, f"verify-{language}-{scheme}")
        axe(page)


def test_the_language_is_the_readers_to_choose(opened: Page, proven: Proven) -> None:
    drop(opened, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(opened) == "open"
    opened.select_option("#language", "ar")
    expect(opened.locator("html")).to_have_attribute("dir", "rtl")
    expect(opened.locator(".record")).to_have_count(1)


def test_catalogues_have_the_same_keys_and_placeholders() -> None:
    catalogues = {path.stem: json.loads(path.read_text()) for path in LOCALES.glob("*.json")}
    english = catalogues["en"]
    assert set(catalogues) == {"en", "es", "fr", "ar"}
    assert {f"certificate.{kind.name}" for kind in types_by_name().values()} <= set(english)
    plurals = re.compile(r"\.(?:zero|one|two|few|many)$")
    for texts in catalogues.values():
        assert {key for key in texts if not plurals.search(key)} == {
            key for key in english if not plurals.search(key)
        }
        for key, text in texts.items():
            if key in english and not plurals.search(key):
                assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


def test_by_keyboard_alone(opened: Page, proven: Proven) -> None:
    """Paste a proof, see the verdict, open a detail: without a pointer."""
    opened.locator("summary", has_text="Paste a proof").focus()
    opened.keyboard.press("Enter")
    opened.keyboard.press("Tab")
    expect(opened.locator("#paste")).to_be_focused()
    opened.locator("#paste").fill(proven.line.decode())
    opened.locator("#paste").press("Tab")
    expect(opened.locator("#check-paste")).to_be_focused()
    opened.keyboard.press("Enter")
    assert verdict(opened) == "open"
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    expect(opened.locator(".record")).not_to_have_attribute("open", "")
    opened.keyboard.press("Enter")
    expect(opened.locator(".record")).to_have_attribute("open", "")


def test_many_bundles_and_lines_that_are_none(opened: Page, proven: Proven, shot: Shot) -> None:
    lines = [proven.line] * 20 + [tampered(proven.line), b'{"firsthand":1}', b"x" * 80]
    drop(opened, ("season.fhproof", b"\n".join(lines) + b"\n"), ("headers.raw", proven.headers.raw))
    expect(opened.locator("#status")).to_contain_text("20 of 23")
    assert opened.locator(".record.passed").count() == 20
    assert opened.locator(".record.failed").count() == 1
    assert opened.locator(".record.unreadable").count() == 2
    shot(opened, "verify-many")


class Harvest:
    """An event with its certificate, which is revoked after it, and an event after that."""

    def __init__(self, folder: Path) -> None:
        made = Certified(folder)
        issued, held = made.issue(), made.harvest(1)
        made.anchored()
        self.event = b"".join(prove_events(made.access, event_numbers(made.access, [f"{LOT}/1"])))
        self.certificate = made.line(issued, held) + b"\n"
        ids = [issued.credentials[0].id]
        set_status(made.workspace, made.certifier.uri, ids, "revocation", True)
        revoked = made.harvest(2)
        made.anchored()
        self.events = b"".join(
            prove_events(made.access, event_numbers(made.access, [f"{LOT}/1", f"{LOT}/2"]))
        )
        self.revoked = made.line(issued, held, revoked) + b"\n"
        self.headers = made.headers().raw


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    return Harvest(tmp_path_factory.mktemp("harvest"))


def test_a_certificate_stands_for_its_event(opened: Page, harvest: Harvest, axe: Check, shot: Shot) -> None:
    data = harvest.event + harvest.certificate
    drop(opened, ("lot.fhproof", data), ("headers.raw", harvest.headers))
    expect(opened.locator(".record")).to_have_count(2)
    expect(opened.locator("#status")).to_have_text("All 2 records passed all eight checks.")
    event, certificate = opened.locator(".record").all()
    standing = event.locator(".standings li")
    expect(standing).to_have_attribute("data-standing", "valid")
    expect(standing).to_contain_text(re.compile("Organic certificate.* · .*Sample Organic.* valid"))
    expect(certificate.locator(".verdict")).to_have_text("This certificate holds")
    steps = certificate.locator("ol.steps > .step")
    assert [step.get_attribute("data-outcome") for step in steps.all()] == ["passed"] * 8
    assert all(name.text_content() for name in certificate.locator(".step strong").all())
    stated = certificate.locator(".stated dl").inner_text()
    assert "Organic certificate" in stated
    assert "Sample Organic" in stated
    assert "1 January 2026" in stated
    expect(certificate.locator(".standings li")).to_have_attribute("data-standing", "valid")
    text = opened.locator("main").inner_text()
    assert not re.search("verified", text, re.IGNORECASE)
    shot(opened, "verify-certificate")
    axe(opened)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_revoked_certificate_still_stands_for_what_was_before(
    new_phone: NewPhone, statics: Path, harvest: Harvest, locale: str, axe: Check, shot: Shot
) -> None:
    language = locale.split("-")[0]
    texts = json.loads((LOCALES / f"{language}.json").read_text())
    page = new_phone(locale)
    page.goto((statics / "verify.html").as_uri())
    drop(page, ("lot.fhproof", harvest.events + harvest.revoked), ("headers.raw", harvest.headers))
    expect(page.locator(".record")).to_have_count(3)
    expect(page.locator("#status")).to_contain_text(texts["summary.certificates.one"])
    before, after, certificate = page.locator(".record").all()
    expect(before.locator(".standings li")).to_have_attribute("data-standing", "valid")
    expect(before).to_contain_text(texts["certificate.later"])
    expect(after.locator(".standings li")).to_have_attribute("data-standing", "revoked")
    expect(certificate).to_have_attribute("data-verdict", "ended")
    expect(certificate.locator(".verdict")).to_have_text(texts["verdict.standing.revoked"])
    held = certificate.locator(".standings li").all()
    assert [one.get_attribute("data-standing") for one in held] == ["valid", "revoked"]
    shown = page.locator("body").inner_text()
    assert not re.search(r"\{\w+\}|\b(?:step|verdict|says|stated|outcome|certificate|standing)\.\w", shown)
    shot(page, f"verify-revoked-{language}")
    axe(page)


def test_a_changed_certificate_is_not_to_be_relied_on(opened: Page, harvest: Harvest, shot: Shot) -> None:
    changed = harvest.certificate.replace(b'"validUntil":"2026', b'"validUntil":"2036', 1)
    drop(opened, ("lot.fhproof", harvest.event + changed), ("headers.raw", harvest.headers))
    record = opened.locator(".record.failed")
    expect(record.locator(".verdict")).to_have_text("Do not rely on this certificate")
    assert record.locator("[data-step=credential]").get_attribute("data-outcome") == "failed"
    expect(opened.locator(".record.passed .standings")).to_have_count(0)
    shot(opened, "verify-certificate-changed")


def test_a_header_service_is_asked_for_a_certificates_block(
    opened: Page, harvest: Harvest, serve: Serve
) -> None:
    service = serve(harvest.headers)
    name_services(opened, service.url)
    drop(opened, ("certificate.fhproof", harvest.certificate))
    assert verdict(opened) == "passed"
    assert f"by 127.0.0.1:{service.server.server_port}" in detail(opened, "header")


def test_a_certificate_without_headers_is_not_checked_fully(opened: Page, harvest: Harvest) -> None:
    drop(opened, ("certificate.fhproof", harvest.certificate))
    assert verdict(opened) == "open"
    expect(opened.locator(".record .verdict")).to_have_text("Not checked fully")
    assert outcomes(opened)["header"] == "not checked"
    assert outcomes(opened)["status"] == "passed"


def test_files_that_hold_no_bundles(opened: Page, proven: Proven) -> None:
    for data in (b"", b"\x89PNG\r\n", proven.line, b"hello"):
        drop(opened, ("photo.png", data))
        expect(opened.locator("[data-verdict=unreadable]")).to_be_visible()


def test_markup_in_a_record_stays_text(opened: Page, proven: Proven) -> None:
    bundle = json.loads(proven.line)
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    bundle["event"] |= {"bizStep": attack, "readPoint": {"id": attack}, "epcList": [attack], attack: attack}
    drop(opened, (f"{attack}.fhproof", canonical(bundle) + b"\n"), ("headers.raw", proven.headers.raw))
    assert verdict(opened) == "failed"
    assert opened.locator("#page img, #page script").count() == 0
    assert attack in opened.locator(".record").inner_text()


def test_the_file_lets_nothing_else_run(statics: Path) -> None:
    page = (statics / "verify.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page.split("<script")[0])


def test_another_network_never_passes_as_mainnet(opened: Page, proven: Proven) -> None:
    """A sandbox log's bundle that calls itself mainnet, under headers of the sandbox."""
    line = proven.line.replace(b"firsthand/sandbox/", b"firsthand/mainnet/")
    headers = check_headers(proven.headers.raw, NETWORKS["sandbox"])
    drop(opened, ("lot7.fhproof", line + b"\n"), ("headers.raw", headers.raw))
    assert verdict(opened) == "failed"
    assert outcomes(opened)["header"] == "failed"
    assert LOT in opened.locator(".record").inner_text()
