"""What marketers write for customers, before it is sent: the shelf of templates, drafts, lint, previews, pictures."""
