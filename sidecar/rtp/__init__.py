"""RTP, RTCP, telephone events, G.711 and tones: bytes in, values out; no socket, no clock."""
