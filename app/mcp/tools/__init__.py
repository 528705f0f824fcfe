"""What each tool does: it calls a command or loads a view, as a route of REST does."""
