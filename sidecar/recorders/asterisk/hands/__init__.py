"""What is done to recordings, how long they ran, and what their files hold."""
