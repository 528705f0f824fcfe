"""Snapshots: the terms stamped onto a partner, and their views."""
