"""The past again: the same history asked anew. Reads the ledger, never writes facts of its own."""
