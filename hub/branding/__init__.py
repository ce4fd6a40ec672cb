"""What customers know the company by on the pages and mails that the hub writes itself: logo, colour, closing line."""
