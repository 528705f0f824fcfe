"""What goes wrong, on purpose and with real processes: it heals without a person, and the books stay right."""
