"""OCPP-J without input or output: text in, decisions out.

Frames, the versions' action lists, compiled schemas, and the endpoint of one
connection. Shared by the server, the replay and the simulator.
"""
