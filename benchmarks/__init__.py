"""Speed and memory, measured and printed beside their targets and peers; nothing here is asserted by tests."""
