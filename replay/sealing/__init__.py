"""After the commit: positions, the tree they grow, and what is signed of it outside the database."""
