"""One data file per craft: steps, key data elements, yields, claims, certificates; spreadsheet mappings."""

from firsthand.profiles.cells import Problem
from firsthand.profiles.mapping import MappedRow, Mapping, load_mapping
from firsthand.profiles.mapping_file import mapping_names
from firsthand.profiles.profile import Profile, word
from firsthand.profiles.profile_file import load_profile, profile_names
from firsthand.profiles.rows import Row, Table

__all__ = [
    "MappedRow",
    "Mapping",
    "Problem",
    "Profile",
    "Row",
    "Table",
    "load_mapping",
    "load_profile",
    "mapping_names",
    "profile_names",
    "word",
]
