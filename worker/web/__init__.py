"""The HTTP door. The only package besides worker/relay that may import what an extra of the install brings."""
