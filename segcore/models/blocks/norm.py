"""Convolutions with batch normalisation, also where a channel is a single number."""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PooledNorm(nn.BatchNorm2d):
    """Batch normalisation for pooled features: a lone value has no statistics of its own and takes the running ones."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, self.momentum, self.eps)
        return super().forward(x)


def conv_norm_relu(cin: int, cout: int, kernel: int = 1, stride: int = 1, dilation: int = 1, *,
                   pooled: bool = False) -> nn.Sequential:
    """Convolution without bias, normalisation, ReLU; (N, cin, H, W) to (N, cout, H / stride, W / stride), sizes rounded up."""
    norm = PooledNorm(cout) if pooled else nn.BatchNorm2d(cout)
    padding = (kernel - 1) // 2 * dilation
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, padding, dilation, bias=False), norm, nn.ReLU(inplace=True))


def he_initialise(module: nn.Module) -> None:
    """He initialisation of every convolution, biases at zero."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
