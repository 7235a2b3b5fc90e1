"""How fast the ledger is, measured against a floor in the same run: `make bench`."""
