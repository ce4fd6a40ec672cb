"""People who sign up by themselves: forms, the question whether it was them, and the yes that they confirm."""
