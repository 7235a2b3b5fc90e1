"""What the person who started the demo reads: chapters, scenes, and lines that can be pasted."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import Final, TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from api.demo.words import clock_to_the_second, long_day, wall_day

WIDTH: Final = 100
NARROWEST: Final = 80
TRAILING: Final = re.compile(r" +$", re.MULTILINE)
INDENT: Final = (0, 0, 0, 2)
CONTINUED: Final = " \\"


class Page:
    """A terminal of a hundred columns; a file of the same width and without colour."""

    def __init__(self, stream: TextIO | None = None) -> None:
        out = stream or sys.stdout
        wide = Console(file=out, highlight=False)
        width = min(WIDTH, wide.width) if wide.is_terminal else WIDTH
        self.console = Console(file=out, highlight=False, width=max(width, NARROWEST), soft_wrap=False)

    def title(self, title: str, under: str) -> None:
        """The first words."""
        self.console.print()
        self.console.print(Text.assemble((title, "bold"), (f" · {under}", "dim")))

    def chapter(self, title: str) -> None:
        """A new town, or a new part."""
        self.console.print()
        self.console.print(Rule(Text(f" {title} ", style="bold cyan"), align="left", style="cyan", characters="─"))

    def line(self, text: str = "", style: str = "") -> None:
        """A plain sentence."""
        self.console.print(Text(text, style=style))

    def scene(self, when: object, text: str) -> None:
        """What somebody does, at an instant of the story."""
        at = str(when)
        said = Text(f"{long_day(wall_day(at))}, {clock_to_the_second(at)}", style="magenta")
        self.console.print()
        self.console.print(said)
        self.say(text)

    def say(self, text: str) -> None:
        """What comes of it; `[bold]…[/]` is rich's markup."""
        self.show(Text.from_markup(text))

    def legend(self, text: str) -> None:
        """What the signs of a table mean."""
        self.show(Text(text, style="bright_black"))

    def show(self, table: RenderableType) -> None:
        """A table, under the sentence that announces it; without the blanks that rich adds to every line."""
        with self.console.capture() as drawn:
            self.console.print(Padding(table, INDENT, expand=False))
        self.console.file.write(TRAILING.sub("", drawn.get()))
        self.console.file.flush()

    def paste(self, *lines: str) -> None:
        """Lines to paste in a shell: never folded, never coloured, so that what is copied is what was meant."""
        for line in lines:
            self.console.print(Text(line), soft_wrap=True)

    def command(self, text: str) -> None:
        """A command that was typed: what is too long goes on in another line, as a shell understands it."""
        lines = wrap(text, self.console.width - len(CONTINUED) - 4, break_long_words=False, break_on_hyphens=False)
        self.paste(
            *(
                f"  {'$ ' if not at else '    '}{line}{CONTINUED * (line is not lines[-1])}"
                for at, line in enumerate(lines)
            )
        )

    @contextmanager
    def step(self, doing: str) -> Iterator[list[str]]:
        """A piece of work: shown while it lasts, kept in one line with its seconds. The list may say what was done."""
        started, done = time.perf_counter(), [doing]
        with self.console.status(Text(f"{doing} …", style="dim")):
            yield done
        seconds = f"{time.perf_counter() - started:.1f} s".replace(".", ",")
        self.console.print(Text.assemble(("✓ ", "green"), done[-1], (f"  {seconds}", "dim")))
