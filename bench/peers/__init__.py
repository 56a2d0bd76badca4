"""The products that a call is measured through: the sidecar, and what it is compared with."""
