"""Read models made again from the facts, beside those that are served."""
