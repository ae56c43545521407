"""The fully connected CRF of Krähenbühl and Koltun, with the parameters and the defaults of DeepLab."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore.errors import SegcoreError
from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed

SMALLEST = 1e-8
"""Probabilities below this count as this: log(0) would forbid a class for ever."""
WORKING_BYTES = 60_000_000
"""Bound of one (C, H, W) float32 array inside the engine, which holds several; keeps 21 classes of 14 MP below 2 GB more."""
UPSAMPLING = 2
FLAT = 1e-4
"""Radius, in pixels of the reduced size, and contrast floor of the guided upsampling."""


@REFINERS.add
class DenseCrf(Refiner):
    """Snaps probabilities to the edges of the photo with a dense CRF (Krähenbühl & Koltun 2011, used by DeepLab).

    Every pixel talks to every other one: those that are near and alike in colour should agree. The energy has the kernels
    w1 · exp(-|Δp|² / 2σα² - |ΔI|² / 2σβ²) + w2 · exp(-|Δp|² / 2σγ²) with Potts compatibility, minimised by mean field.
    """

    name = "dense_crf"
    title = "Dense CRF"
    order = 10

    @dataclass
    class Params:
        w1: float = param(4.0, min=0, max=50, step=0.5, label="Colour weight (w1)",
                          help="How strongly pixels of like colour agree")
        sigma_alpha: float = param(67.0, min=0.1, max=500, step=1, label="Reach (σα)", unit="px",
                                   help="How far pixels of like colour see each other")
        sigma_beta: float = param(3.0, min=0.1, max=100, step=0.5, label="Colour tolerance (σβ)",
                                  help="How different two colours may be and still count as alike, of 255")
        w2: float = param(3.0, min=0, max=50, step=0.5, label="Smoothness weight (w2)", help="How strongly neighbours agree")
        sigma_gamma: float = param(1.0, min=0.1, max=100, step=0.5, label="Smoothness reach (σγ)", unit="px",
                                   help="How far neighbours see each other, whatever their colour")
        iterations: int = param(10, min=0, max=100, label="Iterations", help="Rounds of mean field; DeepLab uses 10")
        engine: str = param("auto", choices=("auto", "own", "pydensecrf"), label="Engine", advanced=True,
                            help="What computes it: SegDesk's own code (auto), or pydensecrf2 when that is installed")
        max_megapixels: float = param(2.0, min=0.01, max=100, step=0.5, label="Work at most at", unit="MP", advanced=True,
                                      help="Larger photos are refined at this size and the result is scaled up")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Mean-field belief after `iterations` rounds; see `Refiner.refine`. Raises SegcoreError when there is no engine."""
        self.notice = ""
        prob = check_probabilities(image, prob)
        if prob.shape[0] == 1 or prob.size == 0:
            self.notice = "There is only one class, so there is nothing to refine."
            return clamp_fixed(prob, fixed)
        scale = self._scale(prob.shape)
        if scale < 1:
            return self._refine_reduced(image, prob, fixed, scale)
        return clamp_fixed(self._infer(image, clamp_fixed(prob, fixed), 1.0, fixed), fixed)

    def _scale(self, shape: tuple[int, ...]) -> float:
        """How much smaller to work so that size and memory stay bounded; 1 for most photos."""
        pixels = min(self.params.max_megapixels * 1e6, WORKING_BYTES / (4 * shape[0]))
        return min(1.0, float(np.sqrt(pixels / (shape[1] * shape[2]))))

    def _refine_reduced(self, image: NDArray[np.uint8], prob: NDArray[np.float32], fixed: NDArray[np.integer] | None,
                        scale: float) -> NDArray[np.float32]:
        """Refine a smaller copy; scaled up, plane by plane in one array, the belief follows the edges of the full photo."""
        from segcore.energy.guided import follow
        height, width = image.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small_image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        small = np.stack([_shrink(plane, fixed, index, size) for index, plane in enumerate(prob)])
        small /= small.sum(axis=0)
        belief = self._infer(np.ascontiguousarray(small_image, np.uint8), small, scale)
        self.notice = f"Refined at {size[0]}×{size[1]} pixels and scaled up to {width}×{height}."
        result = follow(image, belief, radius=round(UPSAMPLING / scale), epsilon=FLAT)
        if fixed is not None:
            known = fixed >= 0
            for index, plane in enumerate(result):
                plane[known] = fixed[known] == index
        return result

    def _infer(self, image: NDArray[np.uint8], prob: NDArray[np.float32], scale: float,
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Run the chosen engine; distances shrink with the image."""
        options = {"w1": self.params.w1, "sigma_alpha": self.params.sigma_alpha * scale, "sigma_beta": self.params.sigma_beta,
                   "w2": self.params.w2, "sigma_gamma": self.params.sigma_gamma * scale, "iterations": self.params.iterations}
        belief: NDArray[np.float32] = np.maximum(_engine(self.params.engine)(image, prob, fixed=fixed, **options), 0)
        belief /= belief.sum(axis=0)
        return belief


def _shrink(plane: NDArray[np.float32], fixed: NDArray[np.integer] | None, index: int,
            size: tuple[int, int]) -> NDArray[np.float32]:
    if fixed is not None:
        plane = np.where(fixed >= 0, (fixed == index).astype(np.float32), plane)
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


def _engine(name: str) -> Any:
    """The function that does the inference; imported here because both engines are heavy and one is optional."""
    if name != "pydensecrf":
        from segcore.energy.mean_field import infer
        return infer
    try:
        import pydensecrf.densecrf  # noqa: F401
    except ImportError:
        raise SegcoreError("The engine pydensecrf needs the package pydensecrf2, which is not installed.",
                           'Choose the engine “own”, or install it with: pip install "segdesk[pydensecrf]"') from None
    return _pydensecrf


def _pydensecrf(image: NDArray[np.uint8], prob: NDArray[np.float32], *, w1: float, sigma_alpha: float, sigma_beta: float,
                w2: float, sigma_gamma: float, iterations: int,
                fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
    """Mean field by Krähenbühl's own code, as wrapped by pydensecrf; `fixed` pixels are only as certain as `prob` says."""
    from pydensecrf.densecrf import DenseCRF2D
    classes, height, width = prob.shape
    energy = -np.log(np.maximum(prob, SMALLEST)).reshape(classes, -1)
    crf = DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(np.ascontiguousarray(energy, np.float32))
    crf.addPairwiseGaussian(sxy=sigma_gamma, compat=w2)
    crf.addPairwiseBilateral(sxy=sigma_alpha, srgb=sigma_beta, rgbim=np.array(image, order="C"), compat=w1)
    return np.asarray(crf.inference(iterations), np.float32).reshape(prob.shape)
