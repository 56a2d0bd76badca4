"""What the tables of both files are made of: values, their spelling, what is said of mistakes."""
