"""Commands and views by which an owner manages partners, and mails to partners."""
