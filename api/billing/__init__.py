"""Billing over HTTP: what the town billed, why each line costs what it costs, and what a day would cost."""
