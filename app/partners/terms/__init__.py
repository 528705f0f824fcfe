"""Snapshots: the terms stamped onto a partner."""
