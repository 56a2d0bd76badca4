"""Recorders of PBXs: one adapter a file behind one small interface (`recorder.py`)."""
