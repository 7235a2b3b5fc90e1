"""What can be read: one file per read model, its table, its row changes, its questions in SQL."""
