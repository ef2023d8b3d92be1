"""What can go wrong in the simulator itself; each message is a sentence for its user."""


class SimulatorError(Exception):
    """Root of the tree; shown as it is, without a traceback."""


class ScenarioError(SimulatorError):
    """A scenario cannot be used; the message names the file, the field and what is expected."""


class InvalidPayload(SimulatorError):  # noqa: N818 - says what is the case
    """A payload that we built does not fit the schema of its action: a defect of ours."""
