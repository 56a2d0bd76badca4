"""Calls: two legs, the consent process and the media between them."""
