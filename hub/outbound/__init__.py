"""The one way out: the gate, the words, the work tickets, the delivery."""
