"""Commands and views by which an owner manages partners."""
