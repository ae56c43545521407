"""The Help menu: shortcuts, self-test, what this is."""
from __future__ import annotations

from app.commands import Command

COMMANDS = [
    Command("shortcuts", "Shortcuts…", "help", lambda w: w.dialogs.show("shortcuts"), ("F1",), "keyboard",
            "All keys, to look up and to change."),
    Command("check", "Check this installation…", "help", lambda w: w.dialogs.show("about", page="check"), (), "check",
            "Tries each part of the program and says what is missing."),
    Command("about", "About SegDesk", "help", lambda w: w.dialogs.show("about"), (), "info",
            "Version, licence, and where your files are."),
]
