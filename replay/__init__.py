"""The past again: the same history asked anew. Reads the ledger, never writes facts of its own.

1. `folding`: a page, line by line, as everybody here reads it. `leader`: work that one process does at a time.
2. `sealing`: positions after the commit, the tree, checkpoints outside the database.
3. `following`: read models behind the seal, pages set aside, the watch over rows.
4. `verifying`: the history against its chains, its tree and everything made from it. `rebuilding`: the rows made again.
5. `as_of`, `timeline` and `causes`: what was known then, and what happened since.
6. `evidence`, and `verify_evidence`: what an outsider is handed, and checks alone.
7. `erasures` and `unwritten`: who was forgotten stays so after a restore.
"""
