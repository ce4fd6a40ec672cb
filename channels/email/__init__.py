"""Mail: SMTP out, IMAP in, and everything between a mail's bytes and its words."""
