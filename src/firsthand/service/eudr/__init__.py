"""Plots of land for the EU deforestation regulation (Regulation (EU) 2023/1115): judged, and exported.

`judge_file` judges anyone's plot file; `export_eudr` writes the plots of lots as the GeoJSON that the EU
information system takes, and judges it by the same rules before it lets it out.
"""

from firsthand.service.eudr.judge import Verdict, judge_file, judge_geojson
from firsthand.service.eudr.plots import Finding, Plot

__all__ = ["Finding", "Plot", "Verdict", "judge_file", "judge_geojson"]
