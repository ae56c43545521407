"""The mean field of `mean_field`, with its rounds in PyTorch: for graphics cards. The lattice is built on the processor."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore.energy import mean_field
from segcore.energy.lattice import Lattice

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]


def infer(image: NDArray[np.uint8], prob: Floats, *, iterations: int, w1: float, sigma_alpha: float, sigma_beta: float,
          w2: float, sigma_gamma: float, fixed: NDArray[np.integer] | None = None, device: str = "cpu") -> Floats:
    """The belief, float32 (C, H, W), after the last iteration, with Potts compatibility; as `mean_field.infer` to 1e-3.

    `device` is a name of PyTorch: cpu, cuda, mps.
    """
    import torch

    def there(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)
    classes, height, width = prob.shape
    unary = there(mean_field.log_odds(prob, np.arange(classes), fixed))
    unary = torch.cat((unary, torch.zeros_like(unary[:, :1])), 1)
    kernels = mean_field.Kernels(image, w1=w1, sigma_alpha=sigma_alpha, sigma_beta=sigma_beta, w2=w2, sigma_gamma=sigma_gamma)
    colour, near = there(kernels.colour), there(kernels.near)
    nodes = _Nodes(kernels.lattice, there) if kernels.lattice is not None else None
    taps = there(_taps(sigma_gamma))
    belief = unary.softmax(1)
    for _ in range(iterations):
        energy = unary.clone()
        if nodes is not None:
            energy += colour * nodes.filter(belief * colour)
        if w2 > 0:
            planes = (belief * near).T.reshape(classes, 1, height, width)
            for shape in ((-1, 1), (1, -1)):
                planes = torch.nn.functional.conv2d(planes, taps.view(1, 1, *shape), padding="same")
            energy += near * planes.reshape(classes, -1).T
        belief = energy.softmax(1)
    result: Floats = belief.T.reshape(prob.shape).contiguous().cpu().numpy()
    return result


def _taps(sigma: float) -> Floats:
    return cv2.getGaussianKernel(2 * int(np.ceil(3 * sigma)) + 1, sigma, cv2.CV_32F).ravel()


class _Nodes:
    """A lattice on the device; row M of the arrays of corners is nobody and stays zero."""

    def __init__(self, lattice: Lattice, there: Any) -> None:
        self.corners, self.weights = there(lattice.corners.astype(np.int64)), there(lattice.weights)
        self.gain, self.size = float(lattice.gain), lattice.size
        self.neighbours = [tuple(there(side) for side in _neighbours(chain, lattice.size)) for chain in lattice.chains]

    def filter(self, values: Tensor) -> Tensor:
        """As `Lattice.filter`."""
        at = values.new_zeros(self.size + 1, values.shape[1])
        for k in range(self.corners.shape[1]):
            at.index_add_(0, self.corners[:, k], values * self.weights[:, k:k + 1])
        for before, after in self.neighbours:
            at = at + 0.5 * (at[before] + at[after])
        out = values.new_zeros(values.shape)
        for k in range(self.corners.shape[1]):
            out += self.weights[:, k:k + 1] * at[self.corners[:, k]]
        return self.gain * out


def _neighbours(chain: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The corner before and the one after each of `size` corners, from a `Lattice`'s chains; `size` where there is none."""
    number = np.where(chain < 0, ~chain, chain)
    goes_on = np.flatnonzero(chain >= 0)
    before, after = np.full((2, size + 1), size, np.int64)
    after[number[goes_on]], before[number[goes_on + 1]] = number[goes_on + 1], number[goes_on]
    return before, after
