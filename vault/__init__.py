"""What names somebody: sealed with a key of their own, kept beside the ledger, and forgotten when it must be."""
