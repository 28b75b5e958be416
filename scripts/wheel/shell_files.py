"""Completions and the manual page, made from the parser, as a wheel has them."""

from pathlib import Path

_PLACES = {
    "bash": "share/bash-completion/completions/costtop",
    "zsh": "share/zsh/site-functions/_costtop",
    "fish": "share/fish/vendor_completions.d/costtop.fish",
}
_MANUAL = "share/man/man1/costtop.1"


def made(folder: Path) -> dict[str, str]:
    """Writes them into `folder`; where each file belongs in a system."""
    from costtop.cli.main import whole_parser
    from costtop.cli.upkeep import completion, man_page

    texts = {place: completion.script(whole_parser(), shell) for shell, place in _PLACES.items()}
    texts[_MANUAL] = man_page.page(whole_parser())
    places = {}
    for place, text in texts.items():
        file = folder / Path(place).name
        file.write_text(text + "\n", encoding="utf-8")
        places[str(file)] = place
    return places
