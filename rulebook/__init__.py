"""The règlement as data with a date, and pure functions on it."""
