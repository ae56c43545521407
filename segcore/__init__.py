"""The library behind SegDesk: labels, energies, networks and formats. It knows nothing of Qt, windows or threads."""
