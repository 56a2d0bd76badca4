"""What those outside see of calls while they happen: the view of a live call, events, their hub."""
