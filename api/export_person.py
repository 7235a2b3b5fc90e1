"""The right of access: everything held about a family, or one person, gathered for them and for nobody else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from api import french
from api.asking import Reader, Rows
from api.documents import TYPES
from api.export_money import money
from api.export_tariffs import meals, statuses
from api.export_words import Wording
from api.french_custody import MINE, OTHER, sentences
from api.french_erasure import ERASED, RECORDS, ROLES, document_kind, name_of
from api.french_export import FIELDS, HOME, SHOWN_OF_AN_IDENTIFIER, STATES, UNNAMED, euros
from api.french_families import guardian_label
from api.french_formalities import KINDS, SOURCES
from api.french_people import HEALTH, SITUATIONS
from api.reads import OfHousehold, rendered
from commands.town_days import timezone_of
from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, HouseholdId, PersonId, ProposalId
from projections import dossier, erasures, families, reads, shared, town
from projections.calendar import statements_from
from rulebook.custody import concerning, whose
from rulebook.french_dates import french_date
from rulebook.reading_retention import LINES, words
from rulebook.town import Rules, retention_of
from vault.people import Details, Erased, KeptDocument, Vault

MOST_DOCUMENTS = 100_000

Section = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """What a family is given: tables by name, and its documents by the name of their file."""

    about: Sequence[str]
    """Whom it is about, for the access log."""
    sections: Mapping[str, Section]
    wording: Wording
    """How the page says it."""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatherer:
    """Asks for what is held about one household, or about one person of it."""

    commune: Commune
    reader: Reader
    vault: Vault
    household: HouseholdId
    now: datetime
    operations: Mapping[str, str]
    """What each operation of the access log is, in French."""
    only: PersonId | None = None

    async def gather(self) -> Dossier:
        """Everything, table by table."""
        known, commune = self.household, self.commune
        guardians, others, children, asked, keys, quotients, versions = await self.reader.ask(
            commune,
            families.guardians_of(commune, known),
            shared.people_of(commune, known),
            families.children_of(commune, known),
            erasures.requests(commune, known),
            shared.keys_of(commune, known),
            shared.quotients_of(commune, known),
            town.rulebooks(commune),
        )
        rules = await self.reader.rules(commune, versions)
        roles = self._roles(guardians, others, children)
        people = self.vault.people(commune, roles)
        own = [ChildId(row["child"]) for row in children if PersonId(row["child"]) in roles]
        # Of whoever is a guardian now: the account of somebody who left is theirs to ask about.
        accounts = [row for row in asked if row["guardian"] in roles]
        documents = self._documents({GuardianId(row["guardian"]) for row in guardians}, roles)
        whole = self.only is None
        named = await self.reader.ask(commune, dossier.demandes(commune, known, own))
        demandes = [row for row in named[0] if whole or self._is_about(row)]
        presented = [_person(person, said, people[person]) for person, said in roles.items()]
        wording = self._wording(presented, rules)
        sections: dict[str, Section] = {
            "people": presented,
            "details": [line for person in roles for line in _details(person, people[person])],
            "accounts": [line for row in accounts for line in self._account(PersonId(row["activation"]))],
            "children": [line for child in own for line in await self._enrolments(child)],
            "days": [line for child in own for line in await self._days(child, rules)],
            "demandes": [_demande(row, wording) for row in demandes],
            "proposals": [line for row in demandes for line in self._proposal(row)],
            "quotients": [_quotient(row) for row in quotients] if whole else [],
            **(await money(self.reader, commune, known) if whole else {}),
            "tariffs": await statuses(self.reader, commune, known) if whole else [],
            "meals": [line for child in own for line in await meals(self.reader, commune, child)],
            "custody": [line for child in own for line in await self._custody(child)],
            "keys": [_key(row) for row in keys] if whole else [],
            "documents": [_document(each) for each in documents],
            "reads": await self._reads(list(roles)),
            "retention": _retention(rules, self.now),
        }
        files = {file_of(each): content for each in documents if (content := self._content(each)) is not None}
        about = [known, *roles] if whole else list(roles)
        return Dossier(about=about, sections=sections, wording=wording, files=files)

    def _wording(self, presented: Section, rules: Rules) -> Wording:
        names = {each["person"]: each["name"] or _unnamed(each) for each in presented}
        names[self.household] = HOME
        return Wording(names=names, rules=rules, zone=timezone_of(rules), operations=self.operations)

    def _roles(self, guardians: Rows, others: Rows, children: Rows) -> dict[PersonId, dict[str, Any]]:
        found: dict[PersonId, dict[str, Any]] = {}
        for row in guardians:
            found[PersonId(row["guardian"])] = {
                "role": guardian_label(holder=row["holder"]),
                "account": row["subject"],
            }
        for row in others:
            found[PersonId(row["person"])] = {"role": ROLES[row["role"]], "collects": row["collects"]}
        for row in children:
            found[PersonId(row["child"])] = {"role": ROLES["child"]}
        if self.only is not None:
            return {self.only: found.get(self.only, {"role": ROLES["former"]})}
        return found

    def _is_about(self, row: Mapping[str, Any]) -> bool:
        return self.only in (row["child"], (row["wanted"] or {}).get("person"))

    def _account(self, activation: PersonId) -> Iterator[dict[str, Any]]:
        yield from _details(activation, self.vault.people(self.commune, [activation])[activation])

    async def _enrolments(self, child: ChildId) -> Section:
        [rows] = await self.reader.ask(self.commune, families.enrolments_of(self.commune, child))
        names = ("activity", "site", "first_day", "last_day")
        return [{"person": child, **{name: row[name] for name in names}, "group": row["child_group"]} for row in rows]

    async def _days(self, child: ChildId, rules: Rules) -> Section:
        """Under an alternating custody, nothing of the other household's days."""
        rows, stated = await self.reader.ask(
            self.commune,
            dossier.days(self.commune, child, self.household),
            families.custody_of(self.commune, child),
        )
        custody = statements_from(stated)

        def shown(row: Mapping[str, Any]) -> bool:
            own = row["household"] or whose(rules, custody, row["day"])
            return not custody or own in (None, self.household)

        return [_day(child, row) for row in rows if shown(row)]

    async def _custody(self, child: ChildId) -> Section:
        """As the family reads it over HTTP: nothing of what was said between other households before."""
        [rows] = await self.reader.ask(self.commune, families.custody_of(self.commune, child))

        def place(household: HouseholdId) -> str:
            return MINE if household == self.household else OTHER

        statements = statements_from(rows)
        start = concerning(statements, self.household)
        said = zip(statements[start:], rows[start:], strict=True)
        return [{"person": child, "day": row["stated_at"], "said": sentences(one, place)} for one, row in said]

    def _documents(self, guardians: AbstractSet[GuardianId], roles: Iterable[PersonId]) -> list[KeptDocument]:
        """Those its guardians handed in: never those another household handed in, be they about the same child."""
        owners = guardians | {GuardianId(person) for person in roles}
        kept = self.vault.documents_of(self.commune, owners, after=None, limit=MOST_DOCUMENTS)

        def shown(each: KeptDocument) -> bool:
            # Of somebody who left, what is about them: a child's papers are for those who answer for the child.
            return self.only in (None, each.person) or (each.owner in guardians and self.only == PersonId(each.owner))

        return [each for each in kept if shown(each)]

    def _content(self, kept: KeptDocument) -> bytes | None:
        return self.vault.content(self.commune, DocumentId(kept.document))

    def _proposal(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        proposal = (row["wanted"] or {}).get("proposal")
        if row["status"] != "en_cours" or proposal is None:
            return
        for each in self.vault.proposal(self.commune, ProposalId(proposal)):
            for line in _details(each.person, {each.kind: each.value}):
                yield {"number": row["number"], **line}

    async def _reads(self, people: Sequence[PersonId]) -> Section:
        """As the family reads it over HTTP: nothing of what another household looked at."""
        log = OfHousehold(*await self.reader.ask(self.commune, *reads.of_household(self.commune, self.household)))
        wanted = log.persons if self.only is None else people
        family = log.of_family()
        if not set(log.persons).issuperset(people):
            # Somebody who left is told what the town looked at, and nothing of those they left.
            family = replace(family, accounts=[])
        [rows] = await self.reader.ask(self.commune, reads.reads(self.commune, wanted, family=family))
        return [_read(rendered(row, log.names)) for row in rows]


def _retention(rules: Rules, now: datetime) -> Section:
    retention = retention_of(rules, now)
    return [{"said": f"{line.said.format(words(getattr(retention, name)))}."} for name, line in LINES.items()]


def file_of(kept: KeptDocument) -> str:
    """The name of a document's file: nothing of whom it is about."""
    return f"{kept.document}.{TYPES[kept.media_type]}"


def _person(person: PersonId, said: Mapping[str, Any], known: Details | Erased) -> dict[str, Any]:
    forgotten = isinstance(known, Erased)
    identity = None if isinstance(known, Erased) else known.get("identity")
    return {"person": person, "name": name_of(identity, erased=forgotten), **said}


def _unnamed(each: Mapping[str, Any]) -> str:
    return UNNAMED.format(each["role"], each["person"][:SHOWN_OF_AN_IDENTIFIER])


def _details(person: PersonId, known: Details | Erased) -> Iterator[dict[str, Any]]:
    if isinstance(known, Erased):
        yield {"person": person, "what": ERASED, "field": None, "value": None}
        return
    for kind, value in known.items():
        for path, said in _leaves(value):
            yield {"person": person, "what": RECORDS.get(kind, kind), "field": path, "value": said}


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each thing said, under the name it has in French."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, FIELDS.get(name, name)))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not None:
        said = french_date(date.fromisoformat(value)) if path[-1:] == (FIELDS["birth_date"],) else str(value)
        yield " : ".join(path), HEALTH.get(value) or SITUATIONS.get(value) or said


def _day(child: ChildId, row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: STATES.get(row[name], row[name]) for name in ("state", "absence", "presence")}
    where = {name: row[name] for name in ("day", "activity", "unit")}
    times = {name: row[name] for name in ("arrived_at", "left_at")}
    return {"person": child, **where, **said, **times, "number": row["demande"]}


def _demande(row: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    return {
        "number": row["number"],
        "kind": KINDS[row["kind"]],
        "person": row["child"] or (row["wanted"] or {}).get("person"),
        "activity": row["activity"],
        "asked": wording.asked(row),
        "status": french.status_label(row["status"]),
        "submitted_at": row["submitted_at"],
        "decided_at": row["decided_at"],
        "reason": row["refusal"] or row["reason"],
    }


def _quotient(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {"first_day": row["first_day"], "amount": euros(row["amount_cents"]), "source": SOURCES[row["source"]]}
    return {**said, "decided_at": row["decided_at"], "number": row["demande"]}


def _key(row: Mapping[str, Any]) -> dict[str, Any]:
    uses = f"{row['used']} / {row['uses']}"
    return {"person": row["guardian"], "issued_at": row["issued_at"], "expires_at": row["expires_at"], "uses": uses}


def _document(kept: KeptDocument) -> dict[str, Any]:
    said = {"document": f"documents/{file_of(kept)}", "kind": document_kind(kept.kind).capitalize()}
    return {**said, "person": kept.person, "kept_at": kept.kept_at, "size": kept.size_bytes}


def _read(line: Mapping[str, Any]) -> dict[str, Any]:
    at: datetime = line["read_at"]
    said = {"read_at": at, "actor": line["actor"], "role": line["role_label"], "purpose": line["purpose_label"]}
    return {**said, "operation": line["operation"], "person": line["about"]}
