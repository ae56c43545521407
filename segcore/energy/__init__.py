"""The one energy: terms (colour, contrast, prior, strokes) and the solvers that answer it (min-cut, mean field)."""
