"""What the story saw at each of its instants, kept beside the data: the second demo shows the same pictures.

The ledger answers a repeated command with the answer it kept, but a question is answered as things stand today. Each
line is written before the next command is sent, so a story that was killed goes on where it stopped.
"""

import os
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

SUFFIX: Final = ".jsonl"


class Notes:
    """A file of questions and answers, one JSON document per line, for one ledger."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, Any] = {}
        self._file: TextIO | None = None

    def open(self, ledger: str) -> None:
        """Reads what was noted about this ledger, once. A line cut by a crash is passed over: nothing followed it."""
        if self._file is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"demo-{ledger}{SUFFIX}"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            try:
                noted = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            self._known[noted["asked"]] = noted["answer"]
        self._file = path.open("a", encoding="utf-8")
        if text and not text.endswith("\n"):
            self._file.write("\n")

    def recall(self, asked: str) -> Any | None:
        """What was answered the first time; None when it was never asked."""
        return self._known.get(asked)

    def keep(self, asked: str, answer: Any) -> None:
        """Notes an answer, on disk before anything else happens."""
        assert self._file is not None, "the notes are opened with the first command"
        self._file.write(orjson.dumps({"asked": asked, "answer": answer}).decode() + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._known[asked] = answer

    def close(self) -> None:
        """Puts the notes away."""
        if self._file is not None:
            self._file.close()
            self._file = None
