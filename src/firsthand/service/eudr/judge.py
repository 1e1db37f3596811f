"""Judging a plot file: what it is, which plots it holds, and every finding, the whole file at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.service.eudr.geojson import read_geojson
from firsthand.service.eudr.kml import read_kml, read_kmz
from firsthand.service.eudr.plots import LARGEST_FILE, Finding, Plot, PlotFile
from firsthand.service.eudr.rules import check_area, check_axes, check_numbers, check_rings
from firsthand.service.eudr.shapes import check_overlaps, check_shapes

__all__ = ["Verdict", "judge_file", "judge_geojson", "judge_plots"]

_LARGEST_READ: Final = 4 * LARGEST_FILE
_SHEETS: Final = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods")
_SHAPEFILE: Final = (".shp", ".shx", ".dbf", ".prj")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file is judged to be. `readable` is False when it could not be read as plots at all."""

    file: str
    plots: int
    findings: tuple[Finding, ...]
    readable: bool = True

    @property
    def valid(self) -> bool:
        """Whether it may be handed in: no finding is an error."""
        return not any(finding.severity == "error" for finding in self.findings)


def judge_file(path: Path) -> Verdict:
    """Judge GeoJSON, KML, KMZ, CSV or XLSX. Raises NotFound when there is no such file."""
    if not path.is_file():
        raise NotFound(f"{path}: there is no such file")
    try:
        size = path.stat().st_size
        if size > _LARGEST_READ:
            raise UnreadableInput(
                f"the file has {size:,} bytes; the EU information system takes {LARGEST_FILE:,}"
            )
        file = _read(path)
    except OSError as error:
        return _unreadable(path, f"{error.strerror or error}", "")
    except InvalidInput as error:
        return _unreadable(path, error.reason, error.path)
    if size > LARGEST_FILE:
        file.findings.append(
            Finding(
                "error",
                "too-large",
                "the file",
                f"the file has {size:,} bytes, the EU information system takes {LARGEST_FILE:,}: split it",
            )
        )
    return Verdict(str(path), len(file.plots), tuple(judge_plots(file)))


def judge_geojson(data: bytes) -> list[Finding]:
    """Every finding about GeoJSON text. Raises UnreadableInput for what is none."""
    return judge_plots(read_geojson(data))


def judge_plots(file: PlotFile) -> list[Finding]:
    """Every finding about plots that were read, those of the reading first."""
    findings = list(file.findings)
    if not file.plots and not findings:
        findings.append(Finding("error", "no-plots", "the file", "there are no plots in it"))
    for plot in file.plots:
        for rule in (check_numbers, check_rings, check_shapes, check_axes, check_area):
            findings += rule(plot)
    findings += _check_identifiers(file.plots)
    findings += check_overlaps(file.plots)
    return findings


def _check_identifiers(plots: list[Plot]) -> list[Finding]:
    first: dict[str, Plot] = {}
    return [
        Finding(
            "error",
            "doubled-plot-id",
            plot.place,
            f"{first[plot.identifier].place} has the same identifier: a plot has one feature",
            plot.identifier,
        )
        for plot in plots
        if plot.identifier is not None and first.setdefault(plot.identifier, plot) is not plot
    ]


def _read(path: Path) -> PlotFile:
    from firsthand.service.eudr.sheet import read_sheet

    suffix = path.suffix.lower()
    if suffix in _SHAPEFILE:
        raise UnreadableInput("shapefiles are not read: save the layer as GeoJSON in WGS 84")
    if suffix in _SHEETS:
        return read_sheet(path)
    data = path.read_bytes()
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data.startswith(b"PK"):
        return read_kmz(data)
    if head.startswith(b"<") or suffix == ".kml":
        return read_kml(data)
    if head.startswith((b"{", b"[")) or suffix in (".json", ".geojson"):
        return read_geojson(data)
    return read_sheet(path)


def _unreadable(path: Path, reason: str, place: str) -> Verdict:
    finding = Finding("error", "unreadable", place or "the file", reason)
    return Verdict(str(path), 0, (finding,), readable=False)


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON."""
    return {
        "file": verdict.file,
        "valid": verdict.valid,
        "readable": verdict.readable,
        "plots": verdict.plots,
        "findings": [
            {
                "severity": finding.severity,
                "code": finding.code,
                "place": finding.place,
                "plot": finding.plot,
                "message": finding.message,
            }
            for finding in verdict.findings
        ],
    }
