"""Pages of mails: the log, one mail with sending it again, switches, and the merchant's own texts."""
