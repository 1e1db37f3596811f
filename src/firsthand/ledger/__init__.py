"""Projections of the journal: event index, log tiles, parties, anchors. Each can be rebuilt from it."""
