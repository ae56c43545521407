"""The Model menu: let a network propose, refine the proposal, accept or discard it."""
from __future__ import annotations

from app.commands import Command, Window, can_edit


def has_proposal(window: Window) -> bool:
    """True while a proposal of a network is on the canvas."""
    return window.workspace.proposal is not None


def _ask_panel(verb: str, window: Window) -> None:
    """Do what a button of the model panel does, with the options that are set there."""
    getattr(window.panel("model"), verb)()


COMMANDS = [
    Command("predict", "Predict", "model", lambda w: _ask_panel("predict", w), ("I",), "model",
            "Lets the chosen network propose labels for the whole image.", enabled=can_edit),
    Command("refine", "Refine", "model", lambda w: _ask_panel("refine", w), ("C",), "refine",
            "Makes the proposal follow the edges in the photo.", enabled=has_proposal),
    Command("accept", "Accept proposal", "model", lambda w: _ask_panel("accept", w), ("Ctrl+Shift+Return",), "check",
            "Turns the proposal into regions, as one undo step.", enabled=has_proposal, separator_before=True),
    Command("discard", "Discard proposal", "model", lambda w: _ask_panel("discard", w), ("Ctrl+Backspace",), "cross",
            "Takes the proposal away; nothing was changed yet.", enabled=has_proposal),
    Command("model_panel", "Choose network…", "model", lambda w: w.docks.reveal("model"), (), "settings",
            "Shows the panel with the networks and their options.", enabled=lambda w: w.docks is not None,
            separator_before=True),
]
