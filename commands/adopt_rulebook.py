"""The council voted a rulebook: it is kept whole, with its digest, and is in force from its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.events import RulebookAdopted
from ledger.identifiers import Commune, Stream
from ledger.store import Write
from ledger.town import Town
from rulebook.reader import RulebookError, read_rulebook


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptRulebook:
    """Adopts the text of a rulebook, if it can be read without a doubt."""

    content: str

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002 - the town's page is always known
        """None but the town's."""
        return []

    def decide(self, known: Known) -> Outcome:
        """Adopted, unless it is unsound, another town's, or its version was adopted before."""
        try:
            rulebook = read_rulebook(self.content)
        except RulebookError as unsound:
            return Refused(
                refusals=tuple(
                    Refusal(code="rulebook_unsound", article=problem.article, problem=problem)
                    for problem in unsound.problems
                )
            )
        if rulebook.commune != known.commune:
            return refused("rulebook_of_another_town")
        page = known.town()
        if any(adopted.version == rulebook.version for adopted in (page.state or Town()).rulebooks):
            return refused("version_already_adopted")
        fact = RulebookAdopted(
            version=rulebook.version,
            in_force_from=rulebook.in_force_from,
            content=self.content,
            digest=sha256(self.content.encode()).hexdigest(),
        )
        return Accepted(writes=[Write(page=page, facts=[fact])])
