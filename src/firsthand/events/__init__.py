"""EPCIS 2.0 events: types, reading, validation, event hash IDs, identifiers.

Imports nothing of ours; no I/O.
"""
