"""What is said by SIP with each neighbour: dialogs, requests that pass, descriptions."""
