"""The month: what a household owes, from what its pages and the town's say up to a sealed position. Pure."""
