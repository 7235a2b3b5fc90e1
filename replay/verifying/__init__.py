"""Whether the history is what it was, and whether everything made from it says so."""
