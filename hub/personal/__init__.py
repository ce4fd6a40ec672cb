"""What the law says about one person's data: taking it out, handing it over, and not keeping it for ever."""
