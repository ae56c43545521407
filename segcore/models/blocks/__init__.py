"""Pieces that several networks share."""
