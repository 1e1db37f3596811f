"""All that a verifier needs and nothing that makes a record: canonical JSON, Merkle tree, checkpoints,
signature and transaction checks, party history, bundle, `verify`. Pure: bytes in, report out (ADR 0001)."""
