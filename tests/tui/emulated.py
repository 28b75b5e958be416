"""What a terminal shows after bytes that the screen wrote: cells with their inks, nothing more."""

import re

from rich.cells import cell_len

_TOKEN = re.compile(r"\x1b\[([0-9;:?<>=]*)[ -/]*([@-~])|\x1b\][^\x07]*\x07|\x1b[=>78]|([^\x1b]+)")
Look = tuple[frozenset[int], str, str]  # weights, ink, ground
_PLAIN: Look = (frozenset(), "39", "49")


class Emulated:
    """A grid of (letter, look) that follows cursor moves and SGR codes."""

    def __init__(self, written: bytes) -> None:
        self.cells: dict[tuple[int, int], tuple[str, Look]] = {}
        self._x = self._y = 0
        self._look = _PLAIN
        for codes, final, text in _TOKEN.findall(written.decode()):
            if final == "H":
                y, x = (codes.split(";") if ";" in codes else ("1", "1"))[:2]
                self._y, self._x = int(y) - 1, int(x) - 1
            elif final == "m":
                self._turn([int(code or 0) for code in codes.split(";")])
            elif text:
                self._write(text)

    def _write(self, text: str) -> None:
        weights, ink, ground = self._look
        for letter in text:
            if letter == "\n":
                self._y += 1
            elif letter == "\r":
                self._x = 0
            elif letter.isprintable():
                seen = (weights, "" if letter == " " else ink, ground)
                self.cells[self._y, self._x] = letter, seen
                self._x += cell_len(letter)

    def _turn(self, codes: list[int]) -> None:
        weights, ink, ground = self._look
        while codes:
            code = codes.pop(0)
            if code == 0:
                weights, ink, ground = _PLAIN
            elif code == 22:
                weights -= {1, 2}
            elif code < 10:
                weights |= {code}
            else:
                more = (
                    [codes.pop(0) for _ in range({2: 4, 5: 2}[codes[0]])] if code % 10 == 8 else []
                )
                told = ";".join(map(str, [code, *more]))
                is_ground = 40 <= code < 50 or code >= 100
                ink, ground = (ink, told) if is_ground else (told, ground)
        self._look = weights, ink, ground

    def rows(self) -> list[str]:
        """The letters, line by line."""
        height = max(y for y, _ in self.cells) + 1
        lines: list[list[str]] = [[] for _ in range(height)]
        for (y, _), (letter, _) in sorted(self.cells.items()):
            lines[y].append(letter)
        return ["".join(line) for line in lines]
