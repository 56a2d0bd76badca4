"""The rules in force: read and checked, replaced as a whole while calls go on, explained."""
