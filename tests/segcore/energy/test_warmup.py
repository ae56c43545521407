"""Warming up loads every kernel, and each has the one set of compiled signatures that it declares."""
from __future__ import annotations

from segcore.energy import colour_model, contrast, geodesic, multilevel, trees
from segcore.energy.warmup import warm_up


def test_all_modules_are_loaded() -> None:
    steps = list(warm_up())
    assert {"trees", "multilevel", "colour_model"} <= {s.message for s in steps}
    assert steps[-1].done == steps[-1].total


def test_nothing_is_left_to_compile_at_the_first_click() -> None:
    kernels = (trees.grow, trees.plant, trees.link, trees.change, colour_model.colour_bins, colour_model.count_colours,
               colour_model.fit_mixture, colour_model.mixture_table, colour_model.mean_terms, contrast.edge_weights,
               geodesic.spread, geodesic.barrier, multilevel.halve, multilevel.halve_seeds)
    assert all(k.nopython_signatures and not k._can_compile for k in kernels)
