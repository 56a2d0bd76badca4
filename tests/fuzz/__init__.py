"""Attack as a habit: targets that take any bytes, and an oracle of what may come of them."""
