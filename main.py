"""Starts SegDesk: the window for no argument or a path, the command line for everything else (`python main.py --help`)."""
from __future__ import annotations

import os
import sys

COMMANDS = frozenset(("new", "import", "export", "predict", "refine", "train", "evaluate", "evaluate-clicks", "models",
                      "formats", "segmenters", "refiners", "check"))

SCREENS = "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"


def main() -> int:
    """Run what the arguments ask for; returns the exit code. A folder that is called like a command is opened as ./name."""
    arguments = sys.argv[1:]
    if arguments in ([], ["--sample"]) or (arguments[0] not in COMMANDS and os.path.exists(arguments[0])):
        if sys.platform == "linux" and not any(map(os.environ.get, SCREENS)):
            print("There is no screen to open the window on: neither DISPLAY nor WAYLAND_DISPLAY is set. "
                  "Start SegDesk on a desktop, or see what works without: main.py --help", file=sys.stderr)
            return 1
        from app.application import main as open_window
        return open_window(arguments)
    try:
        from segcore.cli import main as run_command
        return run_command(arguments)
    except KeyboardInterrupt:  # while modules are still being loaded
        print("Stopped.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
