"""The partner side: an organization's own enrollments, and their views."""
