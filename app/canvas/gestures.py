"""Feeds events to the running gesture. Qt-free, so that tools are tested without a window."""
from __future__ import annotations

from collections.abc import Callable

from app.tools import Context, Gesture, Tool
from segcore.types import Event


class GestureRunner:
    """Holds at most one gesture: a press starts it, returning ends it, `cancel` rolls it back, an error ends it and is told."""

    def __init__(self, ctx: Context, on_error: Callable[[Exception], None]) -> None:
        self._ctx, self._on_error = ctx, on_error
        self._gesture: Gesture | None = None
        self._inside = self._cancel_asked = False
        self._newest_request = 0
        self.tool: Tool | None = None
        self.on_end: Callable[[], None] = lambda: None
        """Called after every gesture, however it ended."""

    @property
    def running(self) -> bool:
        """Whether a gesture has started and not ended."""
        return self._gesture is not None

    def set_tool(self, tool: Tool | None) -> None:
        """Use another tool; what the old one had begun is rolled back."""
        self.cancel()
        self.tool = tool

    def feed(self, event: Event) -> None:
        """Hand an event to the running gesture, or start one if it is a press."""
        if self._inside:    # a gesture caused it; it knows already
            return
        starts = self._gesture is None
        if starts:
            if event.kind != "press" or self.tool is None:
                return
            self._gesture = self.tool.gesture(self._ctx, event)
        assert self._gesture is not None
        self._inside = True
        try:
            next(self._gesture) if starts else self._gesture.send(event)
        except StopIteration:
            self._end()
        except Exception as error:  # noqa: BLE001 - a tool may fail in any way; the user is told and the gesture is over
            self._end()
            self._on_error(error)
        finally:
            self._inside = False
        if self._cancel_asked:
            self.cancel()

    def cancel(self) -> None:
        """End the gesture as if it had never begun: its open edits roll back."""
        if self._inside:
            self._cancel_asked = True
            return
        self._cancel_asked = False
        gesture = self._gesture
        if gesture is None:
            return
        self._inside = True
        try:
            gesture.close()
        except Exception as error:  # noqa: BLE001 - closing runs the tool's own clean-up
            self._on_error(error)
        finally:
            self._inside = False
            self._end()

    def awaiting(self) -> tuple[Callable[..., None], Callable[[Exception], None]]:
        """Callbacks for the answers to one request and for its failure, which is told to the user and to the gesture.

        A coarse answer, if any, arrives first as Event("coarse"): to be shown, not to be painted.

        Both are silent once a newer request was made or the gesture is over.
        """
        self._newest_request += 1
        request, gesture = self._newest_request, self._gesture

        def is_wanted() -> bool:
            return gesture is not None and gesture is self._gesture and request == self._newest_request

        def deliver(prediction: object, coarse: bool = False) -> None:
            if is_wanted():
                self.feed(Event("coarse" if coarse else "prediction", value=prediction))

        def fail(error: Exception) -> None:
            if is_wanted():
                self._on_error(error)
                self.feed(Event("failed", value=error))
        return deliver, fail

    def _end(self) -> None:
        self._gesture = None
        self._cancel_asked = False
        self._ctx.preview()
        self.on_end()
