"""Firsthand: provenance that the maker signs and anyone can check.

Ten rooms, each a package; `docs/adr/` says why they are cut as they are. The way of an event is
one line: capture → validate → hash → append → index → checkpoint → anchor → prove → show → verify.
"""

__version__ = "0.1.0"
