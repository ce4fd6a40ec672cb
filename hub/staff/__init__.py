"""The people and programs that work in the hub: accounts, sessions, tokens, what each may do, and what each did."""
