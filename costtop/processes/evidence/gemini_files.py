"""Gemini CLI's own word on the folder of its sessions. A hint, as the folder in any log is.

Its chats do not name the folder: `tmp/<project>/.project_root`, beside their own folder, does. An
older one that has no such file is found by its hook alone.
"""

import os
from collections.abc import Sequence

from costtop.processes.evidence.evidence_nouns import Wanted

_SOURCE, _FILE, _LARGEST = "gemini-cli", ".project_root", 4096


def placed(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The same, with the folder of Gemini's sessions where they had none."""
    return [
        one._replace(cwd=_folder(one.logs)) if one.source == _SOURCE and not one.cwd else one
        for one in wanted
    ]


def _folder(logs: Sequence[str]) -> str:
    """What the file beside the nearest `chats` of a log says; "" where there is none."""
    for log in logs:
        above = os.path.dirname(log)
        while os.path.basename(above) not in {"chats", ""}:
            above = os.path.dirname(above)
        try:
            with open(os.path.join(os.path.dirname(above), _FILE), errors="replace") as file:
                said = file.read(_LARGEST).strip()
        except OSError:
            continue
        if os.path.isabs(said):
            return said
    return ""
