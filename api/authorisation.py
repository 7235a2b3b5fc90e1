"""Who may do what: one table, one line an operation, one column a relation to the family it is about.

The door reads the staff's columns before anything else; `Office` reads the family's, once it knows how the caller
stands to the child or the household that is asked about. An operation without a line does not start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Relation = Literal[
    "own_guardian",
    "other_parent",
    "custody_own_day",
    "custody_other_day",
    "suspended",
    "stranger",
    "agent",
    "agent_elsewhere",
    "auditor",
    "billing",
    "admin",
    "portal",
]
"""How a caller stands to the family an operation is about.

`own_guardian` answers for the household, which is the child's. `other_parent` answers for the child's second household,
both parents acting on everything. The two custody relations are those of a parent of the second household under an
alternating custody, on a day that is theirs and on one that is not. `portal` is a client without a user.
"""
Mark = Literal["yes", "own", "custody", "no"]
"""`yes`; `own`: answered, with nothing of the family it is about; `custody`: refused on such a day, by that code; `no`:
answered as if it did not exist."""

RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
FAMILY: Final[frozenset[Relation]] = frozenset(RELATIONS[:6])
_MARKS: Final[Mapping[str, Mark]] = {"x": "yes", "o": "own", "c": "custody", ".": "no"}


@dataclass(frozen=True, slots=True)
class Rights:
    """A line of the table."""

    operation: str
    marks: Mapping[Relation, Mark]
    reads: bool
    """Whether a successful answer shows something of a family: it is then written in the access log."""

    def admits(self, role: str) -> bool:
        """Whether anybody of a role may come in; a guardian, whatever the family."""
        if role == "guardian":
            return any(self.marks[relation] != "no" for relation in FAMILY)
        return role in RELATIONS and self.marks[role] != "no"

    def permits(self, relation: Relation) -> bool:
        """Whether somebody who stands so to the family may go on."""
        return self.marks[relation] in ("yes", "custody")


# own: own guardian · oth: other parent · day: custody, on an own day · off: custody, on the other's day
# sus: suspended parent · str: stranger · agt: agent · els: agent of another town · aud: auditor · bil: billing
# adm: admin · por: portal without a user.   x yes   o answered with nothing of the family   c refused: custody   . no
TABLE: Final = """
                                                            own oth day off sus str  agt els aud bil adm por
GET    /me                                            read   x   x   x   x   o   o    o   .   o   o   o   o
POST   /me/key                                               o   o   o   o   o   o    .   .   .   .   .   .
GET    /me/activation                                        o   o   o   o   o   o    .   .   .   .   .   .
POST   /me/activation                                        o   o   o   o   o   o    .   .   .   .   .   .

GET    /households                                    read   .   .   .   .   .   .    x   .   x   .   .   .
POST   /households                                           .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}                        read   x   .   .   .   .   .    x   .   x   .   .   .
GET    /households/{household}/guardians              read   x   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/guardians                     .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/guardians/{guardian}          .   .   .   .   .   .    x   .   .   .   .   .
POST   /households/{household}/guardians/{guardian}/holder   .   .   .   .   .   .    x   .   .   .   .   .
POST   /households/{household}/guardians/{guardian}/account  .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/guardians/{guardian}/account  .   .   .   .   .   .    x   .   .   .   .   .
POST   /households/{household}/guardians/{guardian}/suspension   .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/guardians/{guardian}/suspension   .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/members                read   x   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/members                       .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/members/{person}              .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/contacts               read   x   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/contacts                      .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/contacts/{person}             .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/people/{person}        read   x   .   .   .   .   .    x   .   .   .   .   .
PUT    /households/{household}/people/{person}/identity      .   .   .   .   .   .    x   .   .   .   .   .
PUT    /households/{household}/people/{person}/address       .   .   .   .   .   .    x   .   .   .   .   .
PUT    /households/{household}/people/{person}/contact       .   .   .   .   .   .    x   .   .   .   .   .
PUT    /households/{household}/people/{person}/situation     .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/keys                   read   .   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/keys                          .   .   .   .   .   .    x   .   .   .   .   .
DELETE /households/{household}/keys/{key}                    .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/custody                read   x   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/custody                       .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/quotients              read   x   .   .   .   .   .    x   .   x   x   .   .
POST   /households/{household}/quotients                     .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/tariff-status          read   x   .   .   .   .   .    x   .   x   x   .   .
POST   /households/{household}/tariff-status                 .   .   .   .   .   .    x   .   .   .   .   .
GET    /households/{household}/account                read   x   .   .   .   .   .    x   .   x   x   .   .
GET    /households/{household}/payments               read   x   .   .   .   .   .    x   .   x   x   .   .
POST   /households/{household}/payments/{payment}/cancellation   .   .   .   .   .   .    .   .   .   x   .   .
GET    /households/{household}/mandate                read   x   .   .   .   .   .    x   .   .   x   .   .
POST   /households/{household}/mandate                       .   .   .   .   .   .    x   .   .   x   .   .
DELETE /households/{household}/mandate                       .   .   .   .   .   .    x   .   .   x   .   .
GET    /households/{household}/tax-certificates/{year}   read   x   .   .   .   .   .    x   .   .   x   .   .
GET    /households/{household}/tax-certificates/{year}/certificate.pdf   read  x  .  .  .  .  .   x  .  .  x  .  .
GET    /households/{household}/titres                 read   x   .   .   .   .   .    x   .   x   x   .   .
GET    /households/{household}/reads                  read   x   .   .   .   .   .    x   .   x   .   .   .
GET    /households/{household}/history                read   .   .   .   .   .   .    x   .   x   .   .   .
POST   /households/{household}/demandes                      x   .   .   .   .   .    x   .   .   .   .   .
GET    /activations                                   read   .   .   .   .   .   .    x   .   .   .   .   .
POST   /activations/{activation}/decision                    .   .   .   .   .   .    x   .   .   .   .   .

POST   /children                                             .   .   .   .   .   .    x   .   .   .   .   .
GET    /children/{child}                              read   x   x   x   x   .   .    x   .   x   .   .   .
GET    /children/{child}/identity                     read   x   x   x   x   .   .    x   .   .   .   .   .
PUT    /children/{child}/identity                            .   .   .   .   .   .    x   .   .   .   .   .
GET    /children/{child}/health                       read   x   x   x   x   .   .    x   .   .   .   .   .
PUT    /children/{child}/health                              x   x   x   x   .   .    x   .   .   .   .   .
POST   /children/{child}/households                          .   .   .   .   .   .    x   .   .   .   .   .
DELETE /children/{child}/households/{household}              .   .   .   .   .   .    x   .   .   .   .   .
GET    /children/{child}/enrolments                   read   x   x   x   x   .   .    x   .   x   .   .   .
POST   /children/{child}/enrolments                          .   .   .   .   .   .    x   .   .   .   .   .
POST   /children/{child}/enrolments/{enrolment}/end          .   .   .   .   .   .    x   .   .   .   .   .
GET    /children/{child}/meals                        read   x   x   x   x   .   .    x   .   x   x   .   .
POST   /children/{child}/meals                               .   .   .   .   .   .    x   .   .   .   .   .
POST   /children/{child}/demandes                            x   x   x   x   .   .    x   .   .   .   .   .
GET    /children/{child}/calendar                     read   x   x   x   x   .   .    x   .   x   .   .   .
GET    /children/{child}/entries                      read   .   .   .   .   .   .    x   .   x   .   .   .
GET    /children/{child}/entries/{line}/invoice-lines   read   x   x   x   x   .   .    x   .   x   x   .   .

GET    /demandes                                      read   x   x   o   o   o   o    x   .   x   .   .   .
POST   /demandes                                             x   x   x   c   .   .    x   .   .   .   .   .
POST   /demandes/preview                              read   x   x   x   c   .   .    x   .   .   .   .   .
GET    /demandes/{number}                             read   x   x   .   .   .   .    x   .   x   .   .   .
DELETE /demandes/{number}                                    x   x   .   .   .   .    x   .   .   .   .   .
POST   /demandes/{number}/decision                           .   .   .   .   .   .    x   .   .   .   .   .
POST   /decisions                                            .   .   .   .   .   .    x   .   .   .   .   .
POST   /prices/preview                                read   x   x   x   c   .   .    x   .   .   x   .   .
POST   /prices/simulation                                    o   o   o   o   o   o    o   .   o   o   o   o

GET    /documents                                     read   x   o   o   o   o   o    x   .   .   .   .   .
POST   /documents                                            x   o   o   o   .   o    x   .   .   .   .   .
GET    /documents/{document}                          read   x   .   .   .   .   .    x   .   .   .   .   .

POST   /attendance                                           .   .   .   .   .   .    x   .   .   .   .   .
GET    /activities/{activity}/day-sheet               read   .   .   .   .   .   .    x   .   x   .   .   .

GET    /payments                                      read   .   .   .   .   .   .    .   .   x   x   .   .
POST   /payments                                             .   .   .   .   .   .    .   .   .   x   .   .
GET    /billing                                              .   .   .   .   .   .    o   .   o   o   .   .
GET    /billing/{month}                                      .   .   .   .   .   .    o   .   o   o   .   .
POST   /billing/{month}/draft                                .   .   .   .   .   .    .   .   .   o   .   .
GET    /billing/{month}/missing                       read   .   .   .   .   .   .    x   .   x   x   .   .
GET    /billing/{month}/lines                         read   .   .   .   .   .   .    x   .   x   x   .   .
GET    /billing/{month}/titres                        read   .   .   .   .   .   .    x   .   x   x   .   .
POST   /billing/{month}/close                                .   .   .   .   .   .    .   .   .   o   .   .
GET    /titres/{number}                               read   x   .   .   .   .   .    x   .   x   x   .   .
GET    /titres/{number}/lines/{line}                  read   x   .   .   .   .   .    x   .   x   x   .   .
GET    /titres/{number}/invoice.pdf                   read   x   .   .   .   .   .    x   .   .   x   .   .
GET    /billing/{month}/lines.csv                     read   .   .   .   .   .   .    x   .   x   x   .   .
GET    /billing/{month}/totals.csv                           .   .   .   .   .   .    o   .   o   o   .   .
GET    /collections                                          .   .   .   .   .   .    .   .   o   o   .   .
POST   /collections                                          .   .   .   .   .   .    .   .   .   x   .   .
GET    /collections/{collection}                      read   .   .   .   .   .   .    .   .   x   x   .   .
GET    /collections/{collection}/pain.008.xml         read   .   .   .   .   .   .    .   .   .   x   .   .
POST   /collections/{collection}/settled                     .   .   .   .   .   .    .   .   .   x   .   .
POST   /collections/{collection}/returns                     .   .   .   .   .   .    .   .   .   x   .   .

GET    /rulebook                                             o   o   o   o   o   o    o   .   o   o   o   o
GET    /rulebook/versions                                    o   o   o   o   o   o    o   .   o   o   o   o
POST   /rulebook/versions                                    .   .   .   .   .   .    .   .   .   .   o   .
GET    /rulebook/versions/{version}                          o   o   o   o   o   o    o   .   o   o   o   o
GET    /activities                                           o   o   o   o   o   o    o   .   o   o   o   o
GET    /activities/{activity}/places                         .   .   .   .   .   .    o   .   o   .   .   .
GET    /closures                                             o   o   o   o   o   o    o   .   o   o   o   o
POST   /closures                                             .   .   .   .   .   .    o   .   .   .   .   .
DELETE /closures/{day}                                       .   .   .   .   .   .    o   .   .   .   .   .
POST   /capacities                                           .   .   .   .   .   .    o   .   .   .   .   .

GET    /entries                                       read   .   .   .   .   .   .    .   .   x   x   .   o
GET    /entries/{position}/proof                             .   .   .   .   .   .    .   .   o   o   .   o
GET    /checkpoint                                           o   o   o   o   o   o    o   .   o   o   o   o
GET    /checkpoint/proof                                     .   .   .   .   .   .    .   .   o   o   .   o

GET    /erasures                                             .   .   .   .   .   .    .   .   x   .   x   .
POST   /erasures/preview                              read   .   .   .   .   .   .    .   .   .   .   x   .
POST   /erasures                                             .   .   .   .   .   .    .   .   .   .   x   .
"""


def read_table(text: str) -> dict[str, Rights]:
    """The lines of a table by operation, `GET /me`; its first line names the columns."""
    lines = [line.split() for line in text.strip().splitlines()[1:] if line.strip()]
    table = {}
    for method, path, *rest in lines:
        reads = rest[0] == "read"
        marks = dict(zip(RELATIONS, (_MARKS[mark] for mark in rest[reads:]), strict=True))
        operation = f"{method} {path}"
        assert operation not in table, f"{operation} has two lines"
        table[operation] = Rights(operation, marks, reads)
    return table


OPERATIONS: Final[Mapping[str, Rights]] = read_table(TABLE)
