"""What happened, and how it is kept: facts, pages, and the store that appends to them."""
