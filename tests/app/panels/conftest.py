"""Makes `bench` importable by the tests beside it."""
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def bench(tmp_path: Path, qtbot: QtBot) -> Iterator[object]:
    """A project with one image of 50 × 40 pixels, a canvas, and what panels need of a window."""
    from bench import Bench
    made = Bench(tmp_path, qtbot)
    yield made
    made.close()
