"""What a price that is asked for says, beside what an invoice says."""

from typing import Final

ELSEWHERE: Final = "Ce que cela change par ailleurs :"
