"""The path of the power through an EVSE."""
