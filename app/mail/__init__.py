"""What mails say and to whom they go: recipients, contents, templates, merchants' texts, the log and resending."""
