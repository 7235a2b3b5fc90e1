"""What may be asked: one file per command, its data, its page, its decision."""
