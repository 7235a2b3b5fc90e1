"""The billing of a month: a draft worked out from the sealed lines, the close of it, and the titres that follow."""
