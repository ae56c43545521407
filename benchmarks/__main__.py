"""`make bench`: runs every bench_*.py of this folder, or those named, each in a process of its own.

A bench prints its rows itself: what, measured, target or peer.
"""
from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benches whose file names contain any of `names` (all when there are none); 1 if one could not run."""
    print(f"{platform.platform()}, Python {platform.python_version()}")
    failed = 0
    for path in sorted(HERE.glob("bench_*.py")):
        if names and not any(name in path.stem for name in names):
            continue
        print(f"\n== {path.stem.removeprefix('bench_')}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], cwd=HERE.parent).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
