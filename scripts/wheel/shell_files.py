"""Called by hatchling: puts completions and the manual page, made from the parser, into a wheel."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLACES = {
    "bash": "share/bash-completion/completions/costtop",
    "zsh": "share/zsh/site-functions/_costtop",
    "fish": "share/fish/vendor_completions.d/costtop.fish",
}
_MANUAL = "share/man/man1/costtop.1"


class ShellFiles(BuildHookInterface[Any]):
    """Writes them beside the build and names them as shared data; an editable install has none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from costtop.cli.main import whole_parser
        from costtop.cli.upkeep import completion, man_page

        self._made = Path(tempfile.mkdtemp())
        texts = {
            place: completion.script(whole_parser(), shell) for shell, place in _PLACES.items()
        }
        for n, (place, text) in enumerate(
            (texts | {_MANUAL: man_page.page(whole_parser())}).items()
        ):
            file = self._made / str(n)
            file.write_text(text + "\n", encoding="utf-8")
            build_data["shared_data"][str(file)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self._made)
