"""The door for time: loops that run until they are told to stop, with no logic of their own."""
