"""The file of an import: one family a line, read strictly, with every mistake and its line number."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Final, NamedTuple, Self
from uuid import UUID, uuid5

import orjson
from pydantic import Field, ValidationError, model_validator

from api.body import parse, property_names
from api.detail_bodies import AddressAsked, ContactAsked, IdentityAsked
from api.fields import VISIBLE, Day, SlugText, StrictModel, SubjectText
from api.french_fields import field_sentence
from api.french_import import SAID_BEFORE, SAME_FAMILY, TWO_HOUSEHOLDS
from api.handlers import field_errors
from api.problems import Problem
from commands.enrol_child import EnrolChild
from commands.import_family import ChildImported, ContactImported, GuardianImported, ImportFamily
from commands.keep_details import SealedDetails
from ledger.identifiers import ChildId, Commune, EnrolmentId, GuardianId, HouseholdId, PersonId, Slug, Subject
from ledger.sealed import DetailsKind

MOST_BYTES_OF_A_LINE: Final = 256 * 1024
MOST_PEOPLE: Final = 20
MOST_ENROLMENTS: Final = 40
MOST_HOUSEHOLDS: Final = 2
_IMPORTED: Final = UUID("c4f1e6a2-9d0b-4f0e-8e43-0f6a4b7c2d51")

Ref = Annotated[str, Field(min_length=1, max_length=100, pattern=VISIBLE, examples=["F-1042"])]
"""What the previous system calls somebody: visible ASCII, no space."""


class GuardianLine(StrictModel):
    """Somebody who answers for the children."""

    ref: Ref
    subject: SubjectText | None = None
    holder: bool = False
    identity: IdentityAsked | None = None
    address: AddressAsked | None = None
    contact: ContactAsked | None = None


class EnrolmentLine(StrictModel):
    """An activity, for a period; both days included."""

    activity: SlugText
    first_day: Day
    last_day: Day
    site: SlugText | None = None
    group: SlugText | None = None


class ChildLine(StrictModel):
    """A child; of a second household, its reference alone."""

    ref: Ref
    identity: IdentityAsked | None = None
    enrolments: Annotated[list[EnrolmentLine], Field(max_length=MOST_ENROLMENTS)] = Field(default_factory=list)

    @property
    def bare(self) -> bool:
        """Whether nothing but its reference is said."""
        return self.identity is None and not self.enrolments


class MemberLine(StrictModel):
    """Somebody else who lives there."""

    ref: Ref
    identity: IdentityAsked | None = None
    contact: ContactAsked | None = None


class ContactLine(MemberLine):
    """Somebody the town may call."""

    collects: bool


class FamilyLine(StrictModel):
    """A family of the previous system."""

    ref: Ref
    guardians: Annotated[list[GuardianLine], Field(min_length=1, max_length=MOST_PEOPLE)]
    children: Annotated[list[ChildLine], Field(max_length=MOST_PEOPLE)] = Field(default_factory=list)
    members: Annotated[list[MemberLine], Field(max_length=MOST_PEOPLE)] = Field(default_factory=list)
    contacts: Annotated[list[ContactLine], Field(max_length=MOST_PEOPLE)] = Field(default_factory=list)

    @property
    def adults(self) -> list[GuardianLine | MemberLine]:
        """Everybody but the children."""
        return [*self.guardians, *self.members, *self.contacts]

    @model_validator(mode="after")
    def each_once(self) -> Self:
        """Refuses somebody named twice, an account of two guardians, and two titulaires."""
        refs = Counter(each.ref for each in self.adults)
        children = Counter(each.ref for each in self.children)
        subjects = Counter(each.subject for each in self.guardians if each.subject)
        if any(count > 1 for counted in (refs, children, subjects) for count in counted.values()):
            raise ValueError("twice")
        if sum(each.holder for each in self.guardians) > 1:
            raise ValueError("holders")
        return self


class Mistake(NamedTuple):
    """What is wrong on a line; `field` is a name of ours, `*` for any other."""

    line: int
    field: str
    code: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A line that was read: the command it comes to, and what is known of whom."""

    line: int
    command: ImportFamily
    said: tuple[tuple[PersonId, DetailsKind, Any], ...] = field(repr=False)
    fingerprint: bytes
    """Of who they are to each other. No name is in it: a digest of a name is a name."""

    def sealed(self, details: Iterable[SealedDetails]) -> ImportFamily:
        """The command with what is known of them."""
        return replace(self.command, details=tuple(details))


@dataclass(kw_only=True)
class Reading:
    """A file that is being read for a town: the families, and the mistakes, in the order of the lines."""

    commune: Commune
    today: date
    families: list[Family] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    _lines_of: dict[str, int] = field(default_factory=dict)
    _homes: Counter[str] = field(default_factory=Counter)

    def read(self, lines: Iterable[bytes]) -> Self:
        """Every line; a blank one is passed over."""
        for number, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            found = self._family(number, text)
            if isinstance(found, FamilyLine):
                self.families.append(self._command(number, found))
            else:
                self.mistakes.extend(found)
        return self

    def _family(self, number: int, text: bytes) -> FamilyLine | list[Mistake]:
        if len(text) > MOST_BYTES_OF_A_LINE:
            return [_mistake(number, "*", "string_too_long")]
        try:
            family = FamilyLine.model_validate_json(parse(text).text)
        except Problem as problem:
            return [Mistake(number, "*", problem.code, problem.detail)]
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            return [Mistake(number, each.field, each.code, each.detail) for each in field_errors("line", errors, KNOWN)]
        return list(self._doubts(number, family)) or family

    def _doubts(self, number: int, family: FamilyLine) -> Iterator[Mistake]:
        """What cannot be, given the lines before."""
        before = self._lines_of.setdefault(family.ref, number)
        if before != number:
            yield Mistake(number, "ref", "asked_twice", SAME_FAMILY.format(before))
        for place, child in enumerate(family.children):
            self._homes[child.ref] += 1
            if self._homes[child.ref] > 1 and not child.bare:
                yield Mistake(number, f"children[{place}]", "asked_twice", SAID_BEFORE)
            if self._homes[child.ref] > MOST_HOUSEHOLDS:
                yield Mistake(number, f"children[{place}]", "too_many", TWO_HOUSEHOLDS)
        for name, people in _named(family):
            for place, person in enumerate(people):
                born = person.identity.birth_date if person.identity else None
                if born is not None and born > self.today:
                    yield _mistake(number, f"{name}[{place}].identity.birth_date", "in_the_future")

    def _command(self, number: int, family: FamilyLine) -> Family:
        household = HouseholdId(self._id("household", family.ref))
        people = {each.ref: self._id("person", family.ref, each.ref) for each in family.adults}
        holder = next((each for each in family.guardians if each.holder), None)
        command = ImportFamily(
            household=household,
            guardians=[
                GuardianImported(
                    guardian=GuardianId(people[each.ref]), subject=Subject(each.subject) if each.subject else None
                )
                for each in family.guardians
            ],
            holder=GuardianId(people[holder.ref]) if holder else None,
            children=[self._child(each) for each in family.children],
            members=[PersonId(people[each.ref]) for each in family.members],
            contacts=[
                ContactImported(person=PersonId(people[each.ref]), collects=each.collects) for each in family.contacts
            ],
        )
        said = [(PersonId(people[each.ref]), kind, value) for each in family.adults for kind, value in _known_of(each)]
        said += [
            (PersonId(self._id("child", each.ref)), kind, value)
            for each in family.children
            for kind, value in _known_of(each)
        ]
        return Family(line=number, command=command, said=tuple(said), fingerprint=_fingerprint(family))

    def _child(self, child: ChildLine) -> ChildImported:
        known = ChildId(self._id("child", child.ref))
        enrolments = [
            EnrolChild(
                child=known,
                enrolment=EnrolmentId(self._id("enrolment", child.ref, str(place))),
                activity=Slug(each.activity),
                first_day=each.first_day,
                last_day=each.last_day,
                site=Slug(each.site) if each.site else None,
                group=Slug(each.group) if each.group else None,
            )
            for place, each in enumerate(child.enrolments)
        ]
        return ChildImported(child=known, joins=self._homes[child.ref] > 1, enrolments=enrolments)

    def _id(self, *names: str) -> str:
        """The same reference is the same identifier, however often the file is read."""
        return str(uuid5(_IMPORTED, "\0".join((self.commune, *names))))


def _named(family: FamilyLine) -> Iterator[tuple[str, Sequence[GuardianLine | MemberLine | ChildLine]]]:
    yield "guardians", family.guardians
    yield "children", family.children
    yield "members", family.members
    yield "contacts", family.contacts


def _known_of(person: GuardianLine | MemberLine | ChildLine) -> Iterator[tuple[DetailsKind, Any]]:
    kinds: tuple[DetailsKind, ...] = ("identity", "address", "contact")
    for kind in kinds:
        value = getattr(person, kind, None)
        if value is not None:
            yield kind, value.model_dump(mode="json")


def _fingerprint(family: FamilyLine) -> bytes:
    people = {"identity": True, "address": True, "contact": True}
    every = {"__all__": people}
    said = family.model_dump(
        mode="json", exclude={"guardians": every, "children": every, "members": every, "contacts": every}
    )
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _mistake(line: int, name: str, kind: str) -> Mistake:
    code, sentence = field_sentence(kind)
    return Mistake(line, name, code, sentence)


KNOWN: Final = frozenset(property_names(FamilyLine.model_json_schema()))
