"""Colours: red is kept for denied, amber for doubt, green for a match; nothing else shouts."""

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

# What the stylesheets name beside Textual's own variables. A theme of another's making falls back to these.
ROLES = {
    "good": "#5fd38d",
    "bad": "#ff6b6b",
    "doubt": "#f2b84b",
    "link": "#6cb6ff",
    "quiet": "#8b949e",
    "rule-line": "#30363d",
    "rule-line-focus": "#6cb6ff",
    "row-cursor": "#1f4068",
    "row-cursor-text": "#ffffff",
    "row-cursor-blurred": "#21262d",
    "bar-background": "#161b22",
}


# What Textual's own widgets ask of an ansi theme beside the colours.
_ANSI_VARIABLES = BUILTIN_THEMES["ansi-dark"].variables


def _theme(name: str, dark: bool, base: Mapping[str, str], roles: Mapping[str, str], ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        ansi=ansi,
        primary=base["accent"],
        secondary=base["accent"],
        accent=base["accent"],
        warning=roles["doubt"],
        error=roles["bad"],
        success=roles["good"],
        foreground=base["foreground"],
        background=base["background"],
        surface=base["background"],
        panel=roles["bar-background"],
        boost=roles["bar-background"],
        variables={
            **(_ANSI_VARIABLES if ansi else {}),
            **roles,
            "block-cursor-background": roles["row-cursor"],
            "block-cursor-foreground": roles["row-cursor-text"],
            "scrollbar": roles["rule-line"],
            "scrollbar-background": base["background"],
            "scrollbar-corner-color": base["background"],
        },
    )


_ANSI_ROLES = {
    "good": "ansi_green",
    "bad": "ansi_red",
    "doubt": "ansi_yellow",
    "link": "ansi_blue",
    "quiet": "ansi_bright_black",
    "rule-line": "ansi_bright_black",
    "rule-line-focus": "ansi_blue",
    "row-cursor": "ansi_blue",
    "row-cursor-text": "ansi_bright_white",
    "row-cursor-blurred": "ansi_bright_black",
    "bar-background": "ansi_default",
}
_ANSI_BASE = {"foreground": "ansi_default", "background": "ansi_default", "accent": "ansi_blue"}
_PLAIN_ROLES = dict.fromkeys(_ANSI_ROLES, "ansi_default")
_PLAIN_BASE = dict.fromkeys(_ANSI_BASE, "ansi_default")

THEMES = {
    "dark": _theme("dark", True, {"foreground": "#d6dde5", "background": "#0d1117", "accent": "#6cb6ff"}, ROLES),
    "light": _theme(
        "light",
        False,
        {"foreground": "#1f2328", "background": "#ffffff", "accent": "#0b57a4"},
        {
            "good": "#116329",
            "bad": "#b3261e",
            "doubt": "#8a5a00",
            "link": "#0b57a4",
            "quiet": "#5c6570",
            "rule-line": "#c4cad1",
            "rule-line-focus": "#0b57a4",
            "row-cursor": "#0b57a4",
            "row-cursor-text": "#ffffff",
            "row-cursor-blurred": "#dde5ee",
            "bar-background": "#eef1f4",
        },
    ),
    "contrast": _theme(
        "contrast",
        True,
        {"foreground": "#ffffff", "background": "#000000", "accent": "#00e5ff"},
        {
            "good": "#4dff88",
            "bad": "#ff7070",
            "doubt": "#ffd83d",
            "link": "#00e5ff",
            "quiet": "#d0d0d0",
            "rule-line": "#a0a0a0",
            "rule-line-focus": "#00e5ff",
            "row-cursor": "#ffffff",
            "row-cursor-text": "#000000",
            "row-cursor-blurred": "#3a3a3a",
            "bar-background": "#000000",
        },
    ),
    "ansi": _theme("ansi", True, _ANSI_BASE, _ANSI_ROLES, ansi=True),
    # No colour at all: weight, underline and reverse say everything, as NO_COLOR asks.
    "plain": _theme("plain", True, _PLAIN_BASE, _PLAIN_ROLES, ansi=True),
}


def choose_theme(setting: str, no_color: bool, color_system: str | None) -> str:
    """The theme to start with: `plain` under NO_COLOR, else what is set, else the terminal's own 16 colours where it
    has no more, none where it has none, `dark` otherwise. A name that is not a theme's is taken for `auto`."""
    if no_color:
        return "plain"
    if setting in THEMES:
        return setting
    return {None: "plain", "standard": "ansi"}.get(color_system, "dark")
