"""What moves between installations and from other systems: imports, exports, erasure."""
