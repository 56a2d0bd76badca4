"""Tests against real peers: SIPp, baresip, pyVoIP and Asterisk (see setup.sh)."""
