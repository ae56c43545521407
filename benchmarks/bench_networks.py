"""Times the embedded network on photos of several sizes: loading, predicting, and how much the bare network takes of that."""
from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.streets import finish  # noqa: E402
from segcore import inference  # noqa: E402


def milliseconds(work: object, times: int = 5) -> float:
    """The fastest of some runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()  # type: ignore[operator]
        found.append(time.perf_counter() - start)
    return 1000 * min(found)


def row(name: str, measured: float, target: float | None = None) -> None:
    """One line: what, milliseconds, the target when there is one."""
    print(f"{name:<52}{measured:10.1f} ms" + (f"   target {target:.0f} ms" if target else ""))


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(2)
    row("streets: load", milliseconds(lambda: inference.load_model("streets", "cpu"), 3))
    model = inference.load_model("streets", "cpu")
    pixels = torch.randn(1, 3, 360, 480)
    with torch.inference_mode():
        row("streets: bare network, 480×360", milliseconds(lambda: model.module(pixels)))
    for height, width, target in ((360, 480, 500), (1080, 1920, None), (3072, 4608, None)):
        photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        measured = milliseconds(lambda photo=photo: finish(inference.predict(model, photo)))
        row(f"streets: predict {width}×{height}", measured, target)


if __name__ == "__main__":
    main()
