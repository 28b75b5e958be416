"""costtop's own two themes. The stylesheet says what is coloured how; here are the colours."""

from textual.theme import Theme

DARK = Theme(
    name="costtop-dark",
    primary="#5aa9e6",
    secondary="#8fb8de",
    accent="#4cc9d8",
    success="#6cc47f",
    warning="#f2b84b",
    error="#ff6b6b",
    foreground="#d3dce4",
    background="#0f1317",
    surface="#151b21",
    panel="#1f2730",
    dark=True,
    variables={"block-cursor-background": "#2b5f92", "block-cursor-foreground": "#ffffff"},
)
LIGHT = Theme(
    name="costtop-light",
    primary="#1d6fd1",
    secondary="#4a6fa5",
    accent="#0b7a87",
    success="#1a7f37",
    warning="#8a5a00",
    error="#c4202c",
    foreground="#1f2933",
    background="#fcfdfd",
    surface="#f2f5f7",
    panel="#e3e9ee",
    dark=False,
    variables={"block-cursor-background": "#1d6fd1", "block-cursor-foreground": "#ffffff"},
)
