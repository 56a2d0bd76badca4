"""The recorder of an Asterisk, controlled by its manager interface (AMI): docs/recorders.md."""
