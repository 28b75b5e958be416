"""Called by hatchling for a wheel: puts into it what is made, not written."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags


class Made(BuildHookInterface[Any]):
    """Completions and the manual page, and the compiled part with the platform's tag.

    An editable install gets the compiled part beside its sources, and no shared data.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        sys.path.insert(0, self.root)
        from scripts.wheel import native, shell_files

        if version == "editable":
            self._say(native.built(root, root / "costtop/native"))
            return
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        build_data["shared_data"] |= shell_files.made(folder)
        inside = folder / "native"
        inside.mkdir()
        self._say(native.built(root, inside))
        for file in inside.iterdir():
            build_data["force_include"][str(file)] = f"costtop/native/{file.name}"
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()

    def _say(self, why: str) -> None:
        if why:
            self.app.display_info(f"costtop: without its compiled part: {why}")


def _platform() -> str:
    """This machine's own tag: manylinux is a promise about machines where nobody tried it."""
    named = ("manylinux", "musllinux")
    return next(tag for tag in platform_tags() if not tag.startswith(named))
