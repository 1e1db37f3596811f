"""The making side of identity: keys, Data Integrity proofs, party statements, the encrypted keystore."""
