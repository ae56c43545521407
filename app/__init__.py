"""SegDesk's window."""
