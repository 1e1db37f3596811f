"""BSV: building and signing, coins, seals, SPV of strangers' transactions, headers, and the adapters."""
