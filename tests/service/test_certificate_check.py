"""A file's certificates held against its events, without a workspace."""

from __future__ import annotations

from pathlib import Path

from firsthand.proof.certificate_verify import verify_certificate
from firsthand.proof.standing import Standing
from firsthand.proof.verify import verify
from firsthand.service.certificate_check import for_event, types_by_name
from firsthand.service.prove import event_numbers, prove_events
from tests.certified import Certified
from tests.made import LOT


def test_an_event_that_names_no_time_has_no_certificate(tmp_path: Path) -> None:
    made = Certified(tmp_path)
    issued, place = made.issue(), made.harvest(1)
    made.anchored()
    (line,) = prove_events(made.access, event_numbers(made.access, [f"{LOT}/1"]))
    report = verify(line[:-1], made.headers())
    certificate = verify_certificate(made.line(issued, place), made.headers())
    (checked,) = for_event(report, [certificate], types_by_name())
    assert checked.judgement.standing is Standing.VALID
    for time in ("yesterday", 7, None):
        report.event["eventTime"] = time
        assert for_event(report, [certificate], types_by_name()) == []
    del report.event["eventTime"]
    assert for_event(report, [certificate], types_by_name()) == []
