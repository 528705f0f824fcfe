"""Snapshots: the terms stamped onto a partner, their views, and which terms the partners of a program keep."""
