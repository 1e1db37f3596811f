"""The durable, append-only sequence of signed entries: the only source of truth."""
