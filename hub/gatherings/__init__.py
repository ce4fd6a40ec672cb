"""Events that the company holds: whom it invites, who comes, who waits for a seat, who came."""
