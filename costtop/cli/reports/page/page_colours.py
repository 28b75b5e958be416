"""The colours of a page, light and dark, and which of them are read on which."""

LIGHT = {
    "ground": "#f4f6f8",
    "card": "#ffffff",
    "sunk": "#eaeff3",
    "edge": "#d5dde4",
    "text": "#18222c",
    "soft": "#4d5b69",
    "link": "#0b5fb8",
    "spend": "#1670c4",
    "spend-soft": "#b9d6ef",
    "use": "#0a7c76",
    "work": "#6a4fb3",
    "mark": "#b3410a",
    "good": "#1a7034",
    "warn": "#8a5300",
    "bad": "#b3202b",
}
DARK = {
    "ground": "#0d1216",
    "card": "#151c23",
    "sunk": "#1e2831",
    "edge": "#2b3844",
    "text": "#e4ebf1",
    "soft": "#a3b2c0",
    "link": "#7dbcf2",
    "spend": "#4f9fe3",
    "spend-soft": "#27455f",
    "use": "#3fbdb3",
    "work": "#a994ea",
    "mark": "#f0975c",
    "good": "#6cc47f",
    "warn": "#f2b84b",
    "bad": "#ff8585",
}
READ = tuple(
    (word, ground)
    for ground in ("card", "ground", "sunk")
    for word in ("text", "soft", "link", "good", "warn", "bad")
)
"""(words, what they stand on): at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
SEEN = tuple((shape, "card") for shape in ("spend", "use", "work", "mark", "good", "warn", "bad"))
"""(shapes that tell something, what they stand on): at least 3 to 1 (WCAG 2.2, 1.4.11)."""


def sheet() -> str:
    """The colours as custom properties: as the system has it, or as the page's switch says."""
    light, dark = _properties(LIGHT, "light"), _properties(DARK, "dark")
    return (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f":root:has(#look-light:checked){{{light}}}"
        f":root:has(#look-dark:checked){{{dark}}}"
        f"@media print{{:root,:root:has(#look-dark:checked){{{light}}}}}"
    )


def _properties(colours: dict[str, str], scheme: str) -> str:
    named = "".join(f"--{name}:{colour};" for name, colour in colours.items())
    return f"color-scheme:{scheme};{named}"
