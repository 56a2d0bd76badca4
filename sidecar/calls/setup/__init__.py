"""What happens before both are up: what must hold, the notice before connecting, placing."""
