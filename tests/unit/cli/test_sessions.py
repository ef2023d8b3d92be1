import pytest

from csms.cli.sessions import push_row


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("SetChargingProfile", "set"),
        ("ClearChargingProfile", "clear"),
        ("TriggerMessage", "trigger"),
        ("GetCompositeSchedule", "ask"),
        ("GetChargingProfiles", "ask"),
        ("RemoteStopTransaction", "RemoteStopTransaction"),
    ],
)
def test_only_what_sets_a_profile_is_called_so(action, what):
    push = {
        "action": action,
        "wanted_at": "2026-11-21T08:00:00Z",
        "profile": None,
        "state": "refused",
        "sent_at": "2026-11-21T08:00:01Z",
        "accepted_at": None,
        "confirmed_at": None,
        "observed_at": None,
        "reason": None,
        "status": "Rejected",
    }
    assert push_row(push)[1] == what
