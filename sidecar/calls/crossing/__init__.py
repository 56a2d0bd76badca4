"""What crosses from one side to the other, and how it is written anew (docs/boundary.md)."""
