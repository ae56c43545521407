"""Cycles with QObjects in them are freed on the window's thread, whoever makes garbage."""
from __future__ import annotations

import gc
import threading

from app.garbage import GarbageCollector


class Traced:
    """Notes the thread in which it is freed."""

    freed_in: list[threading.Thread] = []

    def __init__(self) -> None:
        self.me = self      # a cycle: only the collector frees it

    def __del__(self) -> None:
        self.freed_in.append(threading.current_thread())


def test_collection_happens_in_this_thread_only(qtbot) -> None:
    was_enabled = gc.isenabled()
    collector = GarbageCollector()
    try:
        Traced()
        thread = threading.Thread(target=lambda: [[[]] for _ in range(200_000)] and [Traced() for _ in range(2000)])
        thread.start()
        thread.join()
        assert Traced.freed_in == []
        qtbot.waitUntil(lambda: len(Traced.freed_in) > 1000, timeout=10_000)
        assert set(Traced.freed_in) == {threading.main_thread()}
    finally:
        collector._timer.stop()
        if was_enabled:
            gc.enable()
