"""An organization's own enrollments."""
