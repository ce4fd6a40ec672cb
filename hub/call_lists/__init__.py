"""People whom agents call one by one: written down from a segment, taken, called with a script, settled."""
