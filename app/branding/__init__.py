"""How a program looks to its partners: name, colour, logo, support address, and texts of pages."""
