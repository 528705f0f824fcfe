"""Exports that a key asks for: made by a job, kept in sealed parts, downloaded until they expire."""
